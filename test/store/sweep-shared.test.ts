import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../../lib/base/ids.ts';
import { Account } from '../../lib/store/account.ts';
import { setAcl } from '../../lib/store/acl.ts';
import { append } from '../../lib/store/append.ts';
import { grantKey, holderKey, messageBlobKey, quotaKey } from '../../lib/store/keys.ts';
import { storeMessage, summaries } from '../../lib/store/messages.ts';
import type { Key } from '../../lib/store/ports.ts';
import { runSweep } from '../../lib/store/sweep.ts';
import { addUser } from '../../lib/store/users.ts';
import {
  deliver,
  expungeUids,
  messageText,
  openAs,
  partition,
  referenced,
  stored,
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

describe('shared blobs (Rule 12)', () => {
  test('are let go by a space that names them no more, and deleted when nobody has held them for the grace', async () => {
    await addUser(world.store, { name: 'bert', verifier: undefined });
    const anna = await openAs(world.store, 'anna', 'INBOX');
    const bert = await openAs(world.store, 'bert', 'INBOX');
    const { blob, sizeBytes } = await storeMessage(world.store.context, [anna.space, bert.space], messageText());
    for (const open of [anna, bert]) await append(open, [{ blob, sizeBytes, internalDate: 1e9, flags: [] }]);
    await expungeUids(anna, 1);
    world.clock.pass(3);
    await runSweep(world.store, AUDIT);
    expect(await world.index.get(holderKey(blob, anna.space))).toBeUndefined();
    expect(await world.index.get(holderKey(blob, bert.space))).toBeDefined();
    expect((await referenced(world, 'bert')).live.size).toBe(1);
    await expungeUids(bert, 1);
    world.clock.pass(3);
    await runSweep(world.store, AUDIT);
    expect(await stored(world, 's/')).toHaveLength(1);
    world.clock.pass(3);
    await runSweep(world.store, AUDIT);
    expect(await stored(world, 's/')).toHaveLength(0);
    expect(await world.index.get(holderKey(blob, bert.space))).toBeUndefined();
  });

  test('a summary that is made again makes no holder of a space that has let go', async () => {
    await addUser(world.store, { name: 'bert', verifier: undefined });
    const spaces = [await space(), await space('bert')] as const;
    const { context } = world.store;
    const { blob, summary } = await storeMessage(context, spaces, messageText());
    const summaryHeld = async (key: Key): Promise<boolean> => (await world.index.get(key))?.b !== undefined;
    const keys = spaces.map((one) => holderKey(blob, one));
    expect(await Promise.all(keys.map(summaryHeld))).toEqual([true, true]);
    const [anna, bert] = keys as [Key, Key];
    await world.index.delete(anna);
    await world.index.put(bert, { r: 1 });
    for (const one of spaces) expect(await summaries(context, one, [blob])).toEqual([summary]);
    expect(await world.index.get(anna)).toBeUndefined();
    expect(await summaryHeld(bert)).toBe(true);
  });

  test('a holder whose delivery never committed is let go after two audits', async () => {
    await addUser(world.store, { name: 'bert', verifier: undefined });
    const anna = await openAs(world.store, 'anna', 'INBOX');
    const { blob, sizeBytes } = await storeMessage(
      world.store.context,
      [anna.space, await space('bert'), newId(world.clock.ms)],
      messageText(),
    );
    await append(anna, [{ blob, sizeBytes, internalDate: 1e9, flags: [] }]);
    await runSweep(world.store, AUDIT);
    world.clock.pass(3);
    await runSweep(world.store, AUDIT);
    expect(await partition(world, holderKey(blob, blob).pk)).toEqual([anna.space]);
    expect(await world.blobs.info(messageBlobKey(anna.space, blob))).toBeDefined();
  });
});

describe('what is counted and noted', () => {
  test('quota usage is recounted, and written only when nobody changed it (Rule 19)', async () => {
    await addUser(world.store, { name: 'bert', verifier: undefined, quotaKib: 100 });
    const bert = await openAs(world.store, 'bert', 'INBOX');
    await deliver(bert, 3, Buffer.alloc(100, 'x'));
    await expungeUids(bert, 1);
    await world.store.quota.flush();
    const root = bert.quotaRoot;
    if (root === undefined) throw new Error('no root');
    const key = quotaKey(root.id, bert.space);
    expect(await world.index.get(key)).toMatchObject({ b: 200, n: 2 });
    await world.index.add(key, { b: 555, n: 5, r: 1 });
    world.clock.pass(1);
    await runSweep(world.store, NOW);
    expect(await world.index.get(key)).toMatchObject({ b: 200, n: 2 });
    await world.index.add(key, { b: 555, r: 1 });
    world.clock.pass(1);
    const running = runSweep(world.store, { recountSettleMs: 200 });
    const added: Promise<unknown>[] = [];
    const adds = setInterval(() => added.push(world.index.add(key, { b: 1, r: 1 })), 10);
    await running;
    clearInterval(adds);
    await Promise.all(added);
    expect(Number((await world.index.get(key))?.b)).toBeGreaterThan(755);
  });

  test('grants that the tree does not give go, those it gives come back (Rule 18)', async () => {
    await addUser(world.store, { name: 'bert', verifier: undefined });
    const anna = new Account(world.store, await userOf(world.store, 'anna'));
    await setAcl(anna, 'INBOX', 'bert', 'lr');
    await setAcl(anna, 'Sent', 'carl', 'lr');
    await setAcl(anna, 'Sent', 'carl', undefined);
    await world.index.delete(grantKey('bert', anna.user.tree));
    await runSweep(world.store, AUDIT);
    expect(await world.index.get(grantKey('bert', anna.user.tree))).toBeDefined();
    expect(await world.index.get(grantKey('carl', anna.user.tree))).toBeDefined();
    world.clock.pass(2.1);
    await runSweep(world.store, AUDIT);
    expect(await world.index.get(grantKey('bert', anna.user.tree))).toBeDefined();
    expect(await world.index.get(grantKey('carl', anna.user.tree))).toBeUndefined();
  });

  test('items past their time go (Rule 22)', async () => {
    const key = { pk: Buffer.from('N#anna'), sk: Buffer.from('-') };
    const seconds = Math.floor(world.clock.ms / 1000);
    await world.index.put(key, { x: seconds });
    world.clock.pass(0.9);
    await runSweep(world.store, AUDIT);
    expect(await world.index.get(key)).toBeDefined();
    world.clock.pass(0.2);
    await runSweep(world.store, AUDIT);
    expect(await world.index.get(key)).toBeUndefined();
  });
});
