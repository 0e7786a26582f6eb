import { expect, it } from 'vitest';
import { runKills } from './kill-run.ts';

it('gateways killed under load lose and double nothing that was acknowledged', async () => {
  const { acknowledged, found } = await runKills(6, Date.now() % 100_000);
  expect(acknowledged).toBeGreaterThan(50);
  expect(found).toBeGreaterThanOrEqual(acknowledged);
});
