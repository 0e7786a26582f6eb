import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SWEEP_LEASE } from '../../lib/store/keys.ts';
import type { SweepTally } from '../../lib/store/sweep.ts';
import { startSweepJob } from '../../lib/store/sweep-job.ts';
import { addUser } from '../../lib/store/users.ts';
import { deliver, expungeUids, openAs, stored, userOf, World, watched } from './sweep-support.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
  await addUser(world.store, { name: 'anna', verifier: undefined });
});
afterEach(() => world[Symbol.asyncDispose]());

/** Resolves when the condition holds; the store's time goes on meanwhile. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    world.clock.ms += 10;
    await sleep(2);
  }
}

const QUICK = { intervalMs: 4, recountSettleMs: 0 };

test('sweeps again and again, audits when it is time', async () => {
  const inbox = await openAs(world.store, 'anna', 'INBOX');
  await deliver(inbox, 2);
  await expungeUids(inbox, 1);
  let torn = 0;
  const tallies: SweepTally[] = [];
  const removeTorn = async (): Promise<void> => void torn++;
  const job = startSweepJob(world.process(), { ...QUICK, removeTorn, onSwept: (tally) => tallies.push(tally) });
  await until(() => tallies.length > 0);
  expect(torn).toBe(1);
  const { space } = await userOf(world.store, 'anna');
  expect(await stored(world, `m/${space}/`)).toHaveLength(2);
  world.clock.pass(1.9);
  const before = tallies.length;
  await until(() => tallies.length > before + 1);
  expect(torn).toBe(1);
  world.clock.pass(0.3);
  await until(() => torn === 2);
  expect(await stored(world, `m/${space}/`)).toHaveLength(1);
  await job.stop();
});

test('one process sweeps at a time; another takes over when it is silent', async () => {
  let running = 0;
  let most = 0;
  let swept = 0;
  const slow = () =>
    watched(world, async (_call, name) => {
      if (name !== 'list') return;
      most = Math.max(most, ++running);
      await sleep(5);
      running--;
    });
  const options = { ...QUICK, auditEveryMs: 0, onSwept: () => void swept++ };
  const jobs = [1, 2, 3].map(() => startSweepJob(world.process(slow()), options));
  await until(() => swept > 5);
  await Promise.all(jobs.map((job) => job.stop()));
  expect(most).toBe(1);
  await world.index.put(SWEEP_LEASE, { r: 1, o: Buffer.from('dead'), u: world.clock.ms + 300_000, e: 0, a: 0 });
  const job = startSweepJob(world.process(), options);
  const before = swept;
  await sleep(50);
  expect(swept).toBe(before);
  world.clock.ms += 301_000;
  await until(() => swept > before);
  await job.stop();
});

test('stops in the middle, and the next one goes on', async () => {
  for (let i = 0; i < 10; i++) await addUser(world.store, { name: `user-${i}`, verifier: undefined });
  let lists = 0;
  const errors: unknown[] = [];
  const ports = watched(world, async (_call, name) => {
    if (name === 'list') lists++;
    await sleep(1);
  });
  const tallies: SweepTally[] = [];
  const options = { ...QUICK, onError: (error: unknown) => errors.push(error) };
  const onSwept = (tally: SweepTally): void => void tallies.push(tally);
  const job = startSweepJob(world.process(ports), { ...options, onSwept });
  // Some spaces are done: each is listed once for its messages, and once for each of its logs.
  await until(() => lists > 30);
  await job.stop();
  expect([tallies, errors]).toEqual([[], []]);
  const next = startSweepJob(world.process(), { ...options, onSwept });
  await until(() => tallies.length > 0);
  await next.stop();
  expect(tallies[0]?.spaces).toBeLessThan(11);
  expect(errors).toEqual([]);
});
