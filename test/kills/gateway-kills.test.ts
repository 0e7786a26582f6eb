import { expect, it } from 'vitest';
import { runKills } from './kill-run.ts';

it('gateways killed under load lose and double nothing that was acknowledged, and answer each sender once', async () => {
  const { acknowledged, found, answers } = await runKills(6, Date.now() % 100_000, { answers: true });
  expect(answers).toBeGreaterThan(1);
  expect(acknowledged).toBeGreaterThan(50);
  expect(found).toBeGreaterThanOrEqual(acknowledged);
});
