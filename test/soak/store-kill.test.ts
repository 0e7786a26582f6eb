import { expect, it } from 'vitest';
import { firstSeed } from '../model/commit-model.ts';
import { hammer } from '../support/hammer.ts';

it('what 300 killed processes were told is there exactly once', async () => {
  const seed = firstSeed();
  console.log(`CIRRUS_TEST_SEED=${seed}`);
  expect((await hammer(300, seed)).acknowledged).toBeGreaterThan(1000);
});
