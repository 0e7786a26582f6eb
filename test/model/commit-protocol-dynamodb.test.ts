import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDynamoDb, type TestDynamoDb } from '../support/dynamodb.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';
import { firstSeed, runSeeds } from './commit-model.ts';

let home: TestStore;
let cloud: TestDynamoDb;
beforeAll(async () => {
  [home, cloud] = await Promise.all([openTestStore(), openTestDynamoDb()]);
});
afterAll(async () => {
  await cloud[Symbol.asyncDispose]();
  await home.close();
});

describe('several processes on one mailbox, the index on DynamoDB', () => {
  it('lose nothing, double nothing, reuse no UID', async () => {
    expect(await runSeeds(cloud.index, home.blobs, { seed: firstSeed() }, 1000)).toBeGreaterThanOrEqual(1000);
  });
});
