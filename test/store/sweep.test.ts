import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../../lib/base/ids.ts';
import { Account } from '../../lib/store/account.ts';
import { append } from '../../lib/store/append.ts';
import { copyMessages } from '../../lib/store/copy.ts';
import { closeMailbox } from '../../lib/store/delete-mailbox.ts';
import {
  claimKey,
  headKey,
  logPk,
  overlayKey,
  pieceBlobKey,
  pieceSk,
  summaryKey,
  sweepPk,
} from '../../lib/store/keys.ts';
import { CorruptionError } from '../../lib/store/log-reader.ts';
import { storeMessage } from '../../lib/store/messages.ts';
import { createMailbox, deleteMailbox } from '../../lib/store/names.ts';
import { runSweep, sweepSpace } from '../../lib/store/sweep.ts';
import { SWEEP_HOLD } from '../../lib/store/sweep-run.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { addUser, removeUser } from '../../lib/store/users.ts';
import {
  deliver,
  expungeUids,
  messageText,
  openAs,
  partition,
  referenced,
  stored,
  TestClock,
  undelete,
  userOf,
  World,
} from './sweep-support.ts';

const NOW = { recountSettleMs: 0 };
const AUDIT = { audit: true, ...NOW };

let world: World;
beforeEach(async () => {
  world = await World.open();
  await addUser(world.store, { name: 'anna', verifier: undefined });
});
afterEach(() => world[Symbol.asyncDispose]());

const space = async (name = 'anna') => (await userOf(world.store, name)).space;
const blobsOf = async (name = 'anna') => stored(world, `m/${await space(name)}/`);

describe('expunged messages', () => {
  test('are kept for the grace, then go with their summaries (Rule 9)', async () => {
    const inbox = await openAs(world.store, 'anna', 'INBOX');
    await deliver(inbox, 4);
    await expungeUids(inbox, 2, 3);
    world.clock.pass(1.9);
    await runSweep(world.store, NOW);
    expect(await blobsOf()).toHaveLength(4);
    expect(await undelete(inbox, 3)).toBe(true);
    world.clock.pass(0.2);
    const tally = await runSweep(world.store, NOW);
    expect(tally).toMatchObject({ purged: 2, blobs: 1, alarms: 0, held: false });
    expect(await blobsOf()).toHaveLength(3);
    expect(await partition(world, summaryKey(await space(), await space()).pk)).toHaveLength(3);
    expect(await undelete(inbox, 2)).toBe(false);
    expect((await referenced(world, 'anna')).live.size).toBe(3);
  });

  test('go one by one, each in its time (Rule 9)', async () => {
    const inbox = await openAs(world.store, 'anna', 'INBOX');
    await deliver(inbox, 3);
    await expungeUids(inbox, 1);
    world.clock.pass(1.5);
    await expungeUids(inbox, 2);
    world.clock.pass(0.6);
    expect(await runSweep(world.store, NOW)).toMatchObject({ purged: 1, blobs: 1 });
    expect(await runSweep(world.store, NOW), 'nothing is due').toMatchObject({ spaces: 0 });
    world.clock.pass(1.4);
    expect(await runSweep(world.store, NOW)).toMatchObject({ purged: 1, blobs: 1 });
  });

  test('keep their blobs as long as a copy references them (Rule 10)', async () => {
    const inbox = await openAs(world.store, 'anna', 'INBOX');
    const sent = await openAs(world.store, 'anna', 'Sent');
    await deliver(inbox, 2);
    await copyMessages(inbox, UidSet.of(1), sent);
    await expungeUids(inbox, 1, 2);
    world.clock.pass(3);
    expect(await runSweep(world.store, NOW)).toMatchObject({ purged: 2, blobs: 1 });
    expect((await referenced(world, 'anna')).live.size).toBe(1);
  });

  test('are found in the snapshot as well (Rule 7)', async () => {
    const inbox = await openAs(world.store, 'anna', 'INBOX');
    await deliver(inbox, 5);
    await inbox.mailbox.compact();
    await expungeUids(inbox, 1, 2);
    await inbox.mailbox.compact();
    await expungeUids(inbox, 4);
    world.clock.pass(3);
    expect(await runSweep(world.store, NOW)).toMatchObject({ purged: 3, blobs: 3 });
    expect((await referenced(world, 'anna')).live.size).toBe(2);
    await inbox.mailbox.compact();
    expect((await referenced(world, 'anna')).live.size).toBe(2);
  });

  test('wait while SWEEP/hold is set (Rule 10)', async () => {
    const inbox = await openAs(world.store, 'anna', 'INBOX');
    await deliver(inbox, 1);
    await expungeUids(inbox, 1);
    world.clock.pass(3);
    await world.index.put(SWEEP_HOLD, { r: 1 });
    expect(await runSweep(world.store, AUDIT)).toMatchObject({ held: true, purged: 0, blobs: 0 });
    expect(await undelete(inbox, 1)).toBe(true);
    await world.index.delete(SWEEP_HOLD);
    expect(await runSweep(world.store, AUDIT)).toMatchObject({ held: false, purged: 1, blobs: 0 });
    expect((await referenced(world, 'anna')).live.size).toBe(1);
  });

  test('that came back between the mark and the purge keep their bytes (Rule 10)', async () => {
    const inbox = await openAs(world.store, 'anna', 'INBOX');
    await deliver(inbox, 2);
    await expungeUids(inbox, 1, 2);
    world.clock.pass(3);
    const other = await openAs(world.process(), 'anna', 'INBOX');
    const inboxHead = headKey('M', inbox.mailbox.id);
    let isBack = false;
    const index = new Proxy(world.index, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          // The first write of the head is the purge.
          if (name === 'put' && !isBack && JSON.stringify(args[0]) === JSON.stringify(inboxHead)) {
            isBack = true;
            expect(await undelete(other, 1)).toBe(true);
          }
          return Reflect.apply(value, target, args) as unknown;
        };
      },
    });
    expect(await runSweep(world.process({ index }), NOW)).toMatchObject({ purged: 2, blobs: 1, alarms: 0 });
    expect(isBack).toBe(true);
    expect((await referenced(world, 'anna')).live.size).toBe(1);
  });

  test('a space with nothing due is passed by', async () => {
    await runSweep(world.store, NOW);
    world.clock.pass(0.5);
    expect(await runSweep(world.store, NOW)).toMatchObject({ spaces: 0 });
    world.clock.pass(2);
    expect(await runSweep(world.store, NOW)).toMatchObject({ spaces: 1 });
  });

  test('a copy begun before the expunge may come hours later, by clocks that differ by hours (Rule 9)', async () => {
    const slow = new TestClock();
    const behind = world.process({}, slow);
    const inbox = await openAs(behind, 'anna', 'INBOX');
    const sent = await openAs(behind, 'anna', 'Sent');
    slow.ms = world.clock.ms - 12 * 3_600_000;
    await deliver(inbox, 1);
    const { view } = await inbox.mailbox.refresh();
    const row = (await inbox.mailbox.cold(view, UidSet.of(1))).get(1);
    if (row === undefined) throw new Error('no row');
    await expungeUids(inbox, 1); // by a clock 12 h behind the sweep's
    const fast = new TestClock();
    fast.ms = world.clock.ms + 23.9 * 3_600_000; // 12 h later, by a clock 11.9 h ahead
    const ahead = world.process({}, fast);
    await runSweep(ahead, AUDIT);
    await append(sent, [{ ...row, flags: [] }]);
    expect((await referenced(world, 'anna')).live.size).toBe(1);
  });
});

describe('corruption', () => {
  test('keeps everything in the space, alarms, and sweeps the others (Rule 11)', async () => {
    await addUser(world.store, { name: 'bert', verifier: undefined });
    for (const name of ['anna', 'bert']) {
      const inbox = await openAs(world.store, name, 'INBOX');
      await deliver(inbox, 2);
      await expungeUids(inbox, 1);
      if (name === 'anna') await storeMessage(world.store.context, [inbox.space], messageText());
    }
    const junk = await openAs(world.store, 'anna', 'Junk');
    await deliver(junk, 1);
    await junk.mailbox.compact();
    const { head } = await junk.mailbox.refresh();
    if (head.snapId === undefined) throw new Error('no snapshot');
    await world.index.delete({ pk: logPk('M', junk.mailbox.id), sk: pieceSk(head.snapId) });
    const alarms: [string, unknown][] = [];
    for (let day = 0; day < 9; day += 3) {
      world.clock.pass(3);
      await runSweep(world.process(), { ...AUDIT, onAlarm: (where, error) => alarms.push([where, error]) });
    }
    expect(alarms[0]?.[0]).toBe('space of anna');
    expect(alarms[0]?.[1]).toBeInstanceOf(CorruptionError);
    expect(await blobsOf('anna')).toHaveLength(4);
    expect(await blobsOf('bert')).toHaveLength(1);
    await expect(sweepSpace(world.process(), await userOf(world.store, 'anna'), AUDIT)).rejects.toThrow(
      CorruptionError,
    );
  });

  test('a bound mailbox without a head keeps everything (Rule 11)', async () => {
    const inbox = await openAs(world.store, 'anna', 'INBOX');
    await deliver(inbox, 2);
    await expungeUids(inbox, 1);
    const sent = await openAs(world.store, 'anna', 'Sent');
    await world.index.delete(headKey('M', sent.mailbox.id));
    world.clock.pass(3);
    expect(await runSweep(world.process(), NOW)).toMatchObject({ alarms: 1, blobs: 0 });
    expect(await blobsOf()).toHaveLength(2);
  });
});

describe('what was never referenced', () => {
  test('goes only when two audits a grace apart found it so (Rule 9)', async () => {
    const user = await userOf(world.store, 'anna');
    await storeMessage(world.store.context, [user.space], messageText());
    world.clock.pass(20);
    await runSweep(world.store, AUDIT);
    expect(await blobsOf(), 'after one audit, however old').toHaveLength(1);
    world.clock.pass(1.9);
    await runSweep(world.store, AUDIT);
    expect(await blobsOf(), 'before the grace is over').toHaveLength(1);
    world.clock.pass(0.2);
    await runSweep(world.store, AUDIT);
    expect(await blobsOf()).toHaveLength(0);
    expect(await partition(world, summaryKey(user.space, user.space).pk)).toHaveLength(0);
  });

  test('is never younger than the grace and a writer by the time in its id (Rule 9)', async () => {
    const user = await userOf(world.store, 'anna');
    const ahead = new TestClock();
    ahead.ms = world.clock.ms + 2 * 86_400_000; // the writer's clock is two days ahead
    const { blob, sizeBytes } = await storeMessage(world.process({}, ahead).context, [user.space], messageText());
    await runSweep(world.store, AUDIT);
    world.clock.pass(2.4);
    await runSweep(world.store, AUDIT);
    expect(await blobsOf()).toHaveLength(1);
    await append(await openAs(world.store, 'anna', 'INBOX'), [{ blob, sizeBytes, internalDate: 1e9, flags: [] }]);
    world.clock.pass(30);
    await runSweep(world.store, AUDIT);
    expect((await referenced(world, 'anna')).live.size).toBe(1);
  });

  test('is forgotten as unreferenced once it is referenced, however short (Rule 9)', async () => {
    const inbox = await openAs(world.store, 'anna', 'INBOX');
    const { blob, sizeBytes } = await storeMessage(world.store.context, [inbox.space], messageText());
    await runSweep(world.store, AUDIT);
    await append(inbox, [{ blob, sizeBytes, internalDate: 1e9, flags: [] }]);
    world.clock.pass(1);
    expect(await partition(world, sweepPk(inbox.space)), 'state and a note').toHaveLength(2);
    await runSweep(world.store, AUDIT);
    expect(await partition(world, sweepPk(inbox.space)), 'state').toHaveLength(1);
    await expungeUids(inbox, 1);
    world.clock.pass(1.9);
    await runSweep(world.store, AUDIT);
    expect(await undelete(inbox, 1)).toBe(true);
    expect((await referenced(world, 'anna')).live.size).toBe(1);
  });

  test('pieces and bodies that no head leads to go the same way (Rules 7 and 9)', async () => {
    const inbox = await openAs(world.store, 'anna', 'INBOX');
    await deliver(inbox, 3);
    await inbox.mailbox.compact();
    const lost = { piece: newId(world.clock.ms), object: newId(world.clock.ms), body: newId(world.clock.ms) };
    const pk = logPk('M', inbox.mailbox.id);
    await world.index.put({ pk, sk: pieceSk(lost.piece) }, { b: Buffer.from('lost') });
    const bodySk = Buffer.concat([Buffer.from('X#'), Buffer.from(lost.body, 'hex')]);
    await world.index.put({ pk, sk: bodySk }, { b: Buffer.from('lost') });
    await world.blobs.put(pieceBlobKey(inbox.mailbox.id, lost.object), Buffer.from('lost'));
    await runSweep(world.store, AUDIT);
    world.clock.pass(2.6);
    expect(await runSweep(world.store, AUDIT)).toMatchObject({ pieces: 3 });
    expect(await world.index.get({ pk, sk: pieceSk(lost.piece) })).toBeUndefined();
    expect(await world.index.get({ pk, sk: bodySk })).toBeUndefined();
    expect(await stored(world, `p/${inbox.mailbox.id}/`)).toHaveLength(0);
    expect((await referenced(world, 'anna')).live.size).toBe(3);
  });

  test('a mailbox that was never bound goes, one that is bound late stays (Rule 5)', async () => {
    const user = await userOf(world.store, 'anna');
    const orphan = await world.store.createMailbox(user.tree, user.space);
    await runSweep(world.store, AUDIT);
    world.clock.pass(3);
    await runSweep(world.store, AUDIT);
    expect(await world.index.get(headKey('M', orphan))).toBeDefined();
    world.clock.pass(3);
    await runSweep(world.store, AUDIT);
    expect(await world.index.get(headKey('M', orphan))).toBeUndefined();
    expect((await referenced(world, 'anna')).live.size).toBe(0);
  });
});

describe('deleted mailboxes', () => {
  test('go a grace later, with messages, records and claims; copies elsewhere stay (Rules 5 and 9)', async () => {
    const account = new Account(world.store, await userOf(world.store, 'anna'));
    const id = await createMailbox(account, 'Old');
    const old = await account.open('Old');
    await deliver(old, 3);
    await old.mailbox.compact();
    await deliver(old, 2);
    await copyMessages(old, UidSet.of(1, 5), await account.open('Sent'));
    await world.index.put(claimKey(id, Buffer.alloc(16, 1)), { t: world.clock.ms });
    await world.index.put(overlayKey(account.user.id, id), { r: 1 });
    await deleteMailbox(account, 'Old');
    world.clock.pass(1.9);
    await runSweep(world.store, NOW);
    expect(await blobsOf()).toHaveLength(5);
    world.clock.pass(1);
    expect(await runSweep(world.store, NOW)).toMatchObject({ mailboxes: 1, blobs: 3, alarms: 0 });
    expect(await partition(world, logPk('M', id))).toEqual([]);
    expect(await partition(world, claimKey(id, Buffer.alloc(1)).pk)).toEqual([]);
    expect(await world.index.get(overlayKey(account.user.id, id))).toBeUndefined();
    expect((await world.store.tree(account.user.tree).refresh()).view.state.deleted.size).toBe(0);
    expect((await referenced(world, 'anna')).live.size).toBe(2);
  });

  test('a DELETE that stopped half-way is finished (Rule 5)', async () => {
    const account = new Account(world.store, await userOf(world.store, 'anna'));
    const id = await createMailbox(account, 'Half');
    await closeMailbox(world.store, id);
    world.clock.pass(1);
    await runSweep(world.process(), NOW);
    const { view } = await world.store.tree(account.user.tree).refresh();
    expect(view.binding('Half')).toBeUndefined();
    expect(view.state.deleted.has(id)).toBe(true);
  });

  test('removed users go with all they had, when two audits found them gone (Rule 9)', async () => {
    await addUser(world.store, { name: 'bert', verifier: undefined, quotaKib: 100 });
    const bert = await userOf(world.store, 'bert');
    await deliver(await openAs(world.store, 'bert', 'INBOX'), 3);
    const root = (await openAs(world.store, 'bert', 'INBOX')).quotaRoot?.id ?? bert.id;
    await world.store.quota.flush();
    await removeUser(world.store, 'bert');
    await runSweep(world.store, AUDIT);
    expect(await stored(world, `m/${bert.space}/`)).toHaveLength(3);
    world.clock.pass(2.1);
    expect(await runSweep(world.store, AUDIT)).toMatchObject({ trees: 1, mailboxes: 6, alarms: 0 });
    expect(await stored(world, `m/${bert.space}/`)).toHaveLength(0);
    expect(await partition(world, logPk('T', bert.tree))).toEqual([]);
    const left = (await world.index.scan()).rows.filter(({ pk, sk }) =>
      [bert.id, bert.tree, bert.space, root].some((id) => Buffer.concat([pk, sk]).includes(Buffer.from(id, 'hex'))),
    );
    expect(left).toEqual([]);
  });
});
