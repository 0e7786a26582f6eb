import { expect, it } from 'vitest';
import { firstSeed } from '../model/commit-model.ts';
import { hammer } from '../support/hammer.ts';

it('what killed processes were told is there exactly once', async () => {
  const seed = firstSeed();
  try {
    const { acknowledged } = await hammer(20, seed);
    expect(acknowledged).toBeGreaterThan(100);
  } catch (error) {
    throw new Error(`CIRRUS_TEST_SEED=${seed} fails`, { cause: error });
  }
});
