import { expect, it } from 'vitest';
import { IN_REGION } from '../../bench/distance.ts';
import { travel } from '../../bench/distant.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** What must be left of the limit for all that is not the way: the gateway's own work, and a slow answer. */
const OWN_MS = 40;

it('what waits for each other is short enough for SELECT in 200 ms and a delivery in 100 ms on AWS', async () => {
  await using folder = await temporaryFolder();
  const travelled = await travel({ parent: folder.path, latencies: IN_REGION, isFelt: false, messages: 20_000 });
  const tooFar = travelled.filter(({ wayMs, limitMs }) => wayMs > limitMs - OWN_MS);
  expect(tooFar.map(({ name, wayMs }) => `${name}: ${wayMs} ms`)).toEqual([]);
  // A way that is not counted would be short enough.
  expect(travelled.filter(({ wayMs }) => wayMs < 5).map(({ name }) => name)).toEqual([]);
});
