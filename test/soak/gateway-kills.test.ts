import { expect, it } from 'vitest';
import { runKills } from '../kills/kill-run.ts';

it('300 kills of gateways under load lose and double nothing that was acknowledged', async () => {
  const { acknowledged, found } = await runKills(300, Date.now() % 100_000);
  console.log(`gateway kills: ${acknowledged} messages acknowledged, ${found} there`);
  expect(found).toBeGreaterThanOrEqual(acknowledged);
});
