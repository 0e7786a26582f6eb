import { describe, expect, it } from 'vitest';
import { firstSeed, runSeeds } from '../model/commit-model.ts';
import { openTestDynamoDb } from '../support/dynamodb.ts';
import { openTestStore } from '../support/test-store.ts';

const STEPS = 10_000;

describe('several processes on one mailbox, for long (Rules 1 to 4, 7, 13)', () => {
  for (const faultRate of [0, 0.15, 0.4]) {
    it(`on the embedded index, ${faultRate * 100} % faults`, async () => {
      const home = await openTestStore();
      try {
        const seed = firstSeed();
        expect(
          await runSeeds(home.index, home.blobs, { seed, faultRate, processes: 6, operations: 40 }, 10 * STEPS),
        ).toBeGreaterThan(0);
      } finally {
        await home.close();
      }
    });
  }

  it('on DynamoDB', async () => {
    const home = await openTestStore();
    await using cloud = await openTestDynamoDb();
    try {
      const seed = firstSeed();
      await runSeeds(cloud.index, home.blobs, { seed, processes: 6, operations: 40 }, STEPS);
    } finally {
      await home.close();
    }
  });
});
