import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { annotate } from '../../lib/store/annotate.ts';
import { checkpointsOf, writeCheckpoint } from '../../lib/store/checkpoint.ts';
import { type CheckpointPart, decodeCheckpoint, encodePart } from '../../lib/store/checkpoint-format.ts';
import { startCheckpointJob } from '../../lib/store/checkpoint-job.ts';
import { checkpointMailboxes } from '../../lib/store/checkpoint-reader.ts';
import { CHECKPOINT_KEEP_MS, runCheckpoints } from '../../lib/store/checkpoint-run.ts';
import { DAY_MS } from '../../lib/store/keep.ts';
import { CHECKPOINTS, checkpointKey } from '../../lib/store/keys.ts';
import { annotationValues } from '../../lib/store/mailbox-annotations.ts';
import { runSweep } from '../../lib/store/sweep.ts';
import { SWEEP_HOLD } from '../../lib/store/sweep-run.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { addUser, removeUser } from '../../lib/store/users.ts';
import { fill, openIn } from '../support/inbox.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';
import { until } from '../support/until.ts';

let home: TestStore;

beforeEach(async () => {
  home = await openTestStore();
});
afterEach(() => home.close());

async function partsOf(key: string): Promise<CheckpointPart[]> {
  const parts: CheckpointPart[] = [];
  const pieces = await home.blobs.stream(key);
  if (pieces === undefined) throw new Error(`no ${key}`);
  for await (const part of decodeCheckpoint(pieces)) parts.push(part);
  return parts;
}

describe('checkpoints (Rule 21)', () => {
  test('are written once a day for accounts that changed, and not for others', async () => {
    const anna = await addUser(home.store, { name: 'anna', verifier: undefined });
    await addUser(home.store, { name: 'bert', verifier: undefined });
    await until('the first checkpoint', async () => (await checkpointsOf(home.store, anna.tree)).length === 1);
    expect(await runCheckpoints(home.store)).toMatchObject({ accounts: 2, written: 2, alarms: 0 });
    expect(await runCheckpoints(home.store, { now: true })).toMatchObject({ written: 0 });
    const inbox = await openIn(home.store, anna);
    await fill(home, inbox, 3, ['\\Seen', '$Label']);
    expect(await runCheckpoints(home.store)).toMatchObject({ written: 0 });
    home.clock.advance(DAY_MS);
    expect(await runCheckpoints(home.store)).toMatchObject({ accounts: 2, written: 1 });
    const newest = (await checkpointsOf(home.store, anna.tree)).at(-1);
    const parts = await partsOf(checkpointKey(anna.tree, newest ?? anna.tree));
    const mailbox = parts.find((part) => part.kind === 'mailbox' && part.id === inbox.mailbox.id);
    expect(mailbox).toMatchObject({ state: 'open', uidNext: 4, keywords: ['$Label'] });
  });

  test('have the annotations of messages in as many parts as they need, ascending by UID', async () => {
    const anna = await addUser(home.store, { name: 'anna', verifier: undefined });
    const inbox = await openIn(home.store, anna);
    await fill(home, inbox, 140);
    const value = Buffer.alloc(16_000, 'v');
    await annotate(inbox, {
      uids: UidSet.fromRanges([[3, 135]]),
      entries: [{ entry: '/comment', scope: 'shared', value }],
    });
    const id = await writeCheckpoint(home.store, anna);
    const packed = (await partsOf(checkpointKey(anna.tree, id))).flatMap((part) =>
      part.kind === 'annotations' ? [part.packed] : [],
    );
    expect(packed.length).toBe(3);
    for await (const { view } of checkpointMailboxes(home.blobs, anna.tree, id)) {
      if (view.state.id !== inbox.mailbox.id) continue;
      expect(view.state.annotationBytes).toBe(133 * value.length);
      const values = await annotationValues(home.store.context, view, UidSet.of(2, 135));
      expect([...values]).toEqual([[135, new Map([['\0/comment', value]])]]);
    }
  });

  test('that are superseded go after a week, the newest never, and none while the sweep is held', async () => {
    const anna = await addUser(home.store, { name: 'anna', verifier: undefined });
    const inbox = await openIn(home.store, anna);
    await runCheckpoints(home.store);
    home.clock.advance(CHECKPOINT_KEEP_MS + DAY_MS);
    expect(await runCheckpoints(home.store)).toMatchObject({ written: 0, deleted: 0 });
    await home.index.put(SWEEP_HOLD, { r: 1 });
    await fill(home, inbox, 1);
    expect(await runCheckpoints(home.store)).toMatchObject({ written: 1, deleted: 0 });
    await home.index.delete(SWEEP_HOLD);
    home.clock.advance(DAY_MS);
    await fill(home, inbox, 1);
    expect(await runCheckpoints(home.store)).toMatchObject({ written: 1, deleted: 2 });
    expect(await checkpointsOf(home.store, anna.tree)).toHaveLength(2);
  });

  test('of a removed user end with one that says so, and go with the tree', async () => {
    const anna = await addUser(home.store, { name: 'anna', verifier: undefined });
    await runCheckpoints(home.store);
    home.clock.advance(1);
    await removeUser(home.store, 'anna');
    const newest = (await checkpointsOf(home.store, anna.tree)).at(-1);
    const [account] = await partsOf(checkpointKey(anna.tree, newest ?? anna.tree));
    expect(account).toMatchObject({ kind: 'account', isRemoved: true, name: 'anna' });
    for (let audit = 0; audit < 2; audit++) {
      home.clock.advance(3 * DAY_MS);
      await runSweep(home.another(), { audit: true, recountSettleMs: 1 });
    }
    expect((await home.blobs.list(CHECKPOINTS)).blobs).toEqual([]);
  });

  test('are written by one process at a time, without being asked', async () => {
    await addUser(home.store, { name: 'anna', verifier: undefined });
    let runs = 0;
    const options = { intervalMs: 5, onDone: () => runs++ };
    const jobs = [startCheckpointJob(home.store, options), startCheckpointJob(home.another(), options)];
    await until('a run has ended', () => runs > 0);
    await Promise.all(jobs.map((job) => job.stop()));
    expect(runs).toBe(1);
  });

  test('that are cut short, or end too early, are refused', async () => {
    const parts: CheckpointPart[] = [
      { kind: 'script', piece: home.store.newId(), text: Buffer.alloc(300) },
      { kind: 'end', parts: 2 },
    ];
    const packed = Buffer.concat([Buffer.of(1), ...parts.map(encodePart)]);
    const read = async (bytes: Buffer, pieceBytes: number): Promise<number> => {
      let count = 0;
      const pieces = (async function* () {
        for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
      })();
      for await (const _part of decodeCheckpoint(pieces)) count++;
      return count;
    };
    await expect(read(packed, 7)).rejects.toThrow('of 2 parts has 1');
    await expect(read(packed.subarray(0, -1), 100)).rejects.toThrow('no end');
    const whole = Buffer.concat([Buffer.of(1), encodePart({ kind: 'end', parts: 0 })]);
    expect(await read(whole, 1)).toBe(1);
  });
});
