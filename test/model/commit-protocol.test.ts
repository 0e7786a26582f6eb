import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestStore, type TestStore } from '../support/test-store.ts';
import { casOnSeq, segmentsByFirstSeq, unreadableNonces } from './broken-rules.ts';
import { firstSeed, type ModelOptions, runCommitModel, runSeeds } from './commit-model.ts';

const RUNS = 30;

let home: TestStore;
beforeAll(async () => {
  home = await openTestStore();
});
afterAll(() => home.close());

describe('several processes on one mailbox (Rules 1 to 4, 7, 13)', () => {
  for (const faultRate of [0, 0.15, 0.4]) {
    it(`lose nothing, double nothing, reuse no UID, ${faultRate * 100} % faults`, async () => {
      const steps = await runSeeds(home.index, home.blobs, { seed: firstSeed(), faultRate }, 4000);
      expect(steps).toBeGreaterThanOrEqual(4000);
    });
  }
});

describe('the same model finds an engine that', () => {
  const found = async (broken: NonNullable<ModelOptions['broken']>): Promise<boolean> => {
    for (let i = 0; i < RUNS; i++) {
      try {
        await runCommitModel(home.index, home.blobs, { seed: firstSeed() + i, broken });
      } catch {
        return true;
      }
    }
    return false;
  };

  it('compares seq instead of rev (Rule 1)', async () => expect(await found(casOnSeq)).toBe(true));
  it('keys segments by their first seq (Rule 2)', async () => expect(await found(segmentsByFirstSeq)).toBe(true));
  it('takes every failed condition for a conflict (Rule 3)', async () =>
    expect(await found(unreadableNonces)).toBe(true));
});
