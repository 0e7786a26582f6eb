import { afterEach, beforeEach, expect, test } from 'vitest';
import { Account } from '../../lib/store/account.ts';
import { readHead } from '../../lib/store/log-reader.ts';
import type { MailStore } from '../../lib/store/mail-store.ts';
import {
  deleteScript,
  getScript,
  listScripts,
  putScript,
  readScript,
  renameScript,
  setActiveScript,
} from '../../lib/store/scripts.ts';
import { runSweep } from '../../lib/store/sweep.ts';
import { decodeTreeExtra } from '../../lib/store/tree-view.ts';
import { addUser } from '../../lib/store/users.ts';
import { FaultPlan } from '../support/fault-plan.ts';
import { faultyIndex } from '../support/faulty-index.ts';
import { userOf, World } from './sweep-support.ts';

const LIMITS = { scripts: 3, scriptBytes: 32 * 1024 };
const SMALL = Buffer.from('keep;\r\n');
const LARGE = Buffer.from(`# ${'x'.repeat(20_000)}\r\nkeep;\r\n`);

let world: World;
let anna: Account;
beforeEach(async () => {
  world = await World.open();
  await addUser(world.store, { name: 'anna', verifier: undefined });
  anna = await accountIn(world.store);
});
afterEach(() => world[Symbol.asyncDispose]());

async function accountIn(store: MailStore): Promise<Account> {
  return new Account(store, await userOf(store, 'anna'));
}

/** As another process reads them: `name*` is active. */
async function names(): Promise<readonly string[]> {
  const scripts = await listScripts(await accountIn(world.process()));
  return scripts.map(({ name, isActive, sizeBytes }) => `${name}${isActive ? '*' : ''} ${sizeBytes}`);
}

/** The active script as a delivery finds it, by the head alone. */
async function activeText(): Promise<string | undefined> {
  const head = await readHead(world.store.context, 'T', anna.tree.id);
  const script = head && decodeTreeExtra(head.extra).script;
  return script && (await readScript(world.store.context, anna.tree.id, script))?.toString();
}

test('put, list, get, activate, rename, delete', async () => {
  await putScript(anna, 'main', SMALL, LIMITS);
  await putScript(anna, 'big', LARGE, LIMITS);
  expect(await names()).toEqual([`main ${SMALL.length}`, `big ${LARGE.length}`]);
  expect((await getScript(anna, 'big')).equals(LARGE)).toBe(true);
  expect(await activeText()).toBeUndefined();
  await setActiveScript(anna, 'main');
  expect(await activeText()).toBe('keep;\r\n');
  await putScript(anna, 'main', Buffer.from('stop;'), LIMITS);
  expect(await activeText()).toBe('stop;');
  await renameScript(anna, 'main', 'Ferien ☀');
  expect(await names()).toEqual(['Ferien ☀* 5', `big ${LARGE.length}`]);
  expect(await activeText()).toBe('stop;');
  await expect(deleteScript(anna, 'Ferien ☀')).rejects.toMatchObject({ code: 'in-use' });
  await setActiveScript(anna, undefined);
  expect(await activeText()).toBeUndefined();
  await deleteScript(anna, 'Ferien ☀');
  expect(await names()).toEqual([`big ${LARGE.length}`]);
  await putScript(anna, 'empty', Buffer.alloc(0), LIMITS);
  expect(await getScript(anna, 'empty')).toHaveLength(0);
});

test('what is refused leaves everything as it was', async () => {
  for (const name of ['a', 'b', 'c']) await putScript(anna, name, SMALL, LIMITS);
  await setActiveScript(anna, 'a');
  await expect(putScript(anna, 'd', SMALL, LIMITS)).rejects.toMatchObject({ code: 'too-many' });
  await expect(putScript(anna, 'a', Buffer.alloc(32 * 1024 + 1), LIMITS)).rejects.toMatchObject({ code: 'too-big' });
  for (const name of ['', 'a/b', 'a\nb', 'a\u0085', '\u2028', 'ü'.repeat(257)]) {
    await expect(putScript(anna, name, SMALL, LIMITS), name).rejects.toMatchObject({ code: 'cannot' });
    await expect(renameScript(anna, 'a', name), name).rejects.toMatchObject({ code: 'cannot' });
  }
  await expect(getScript(anna, 'x')).rejects.toMatchObject({ code: 'nonexistent' });
  await expect(deleteScript(anna, 'x')).rejects.toMatchObject({ code: 'nonexistent' });
  await expect(setActiveScript(anna, 'x')).rejects.toMatchObject({ code: 'nonexistent' });
  await expect(renameScript(anna, 'x', 'y')).rejects.toMatchObject({ code: 'nonexistent' });
  await expect(renameScript(anna, 'a', 'b')).rejects.toMatchObject({ code: 'already-exists' });
  expect(await names()).toEqual(['a* 7', 'b 7', 'c 7']);
  // A name that is there, in other characters of the same form (RFC 5804 §1.6), and at the limit of length.
  await renameScript(anna, 'b', 'u\u0308'.repeat(256));
  await putScript(anna, 'ü'.repeat(256), LARGE, LIMITS);
  expect((await listScripts(anna))[1]).toEqual({ name: 'ü'.repeat(256), isActive: false, sizeBytes: LARGE.length });
});

test('two processes put at the same time: both succeed, and never more than the limit', async () => {
  const other = await accountIn(world.process());
  const puts = Array.from({ length: 6 }, (_, i) => putScript(i % 2 === 0 ? anna : other, `s${i}`, SMALL, LIMITS));
  const outcomes = await Promise.allSettled(puts);
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  expect(await names()).toHaveLength(3);
});

test('a lost answer is not a second script (Rule 3)', async () => {
  const plan = new FaultPlan(({ name }) => (name === 'index.add' ? undefined : 'twice'));
  const account = await accountIn(world.process({ index: faultyIndex(world.index, plan) }));
  await putScript(account, 'main', SMALL, LIMITS);
  await setActiveScript(account, 'main');
  await renameScript(account, 'main', 'other');
  expect(await names()).toEqual(['other* 7']);
  expect(await activeText()).toBe('keep;\r\n');
});

test('the sweep keeps the texts of scripts, folded or not; of replaced ones until the grace is over (Rule 9)', async () => {
  const audit = async (): Promise<number> => {
    world.clock.pass(2.5);
    return (await runSweep(world.store, { audit: true, recountSettleMs: 0 })).pieces;
  };
  await putScript(anna, 'small', SMALL, LIMITS);
  await putScript(anna, 'large', LARGE, LIMITS);
  await setActiveScript(anna, 'small');
  expect([await audit(), await audit(), await audit()]).toEqual([0, 0, 0]);
  await anna.tree.compact();
  expect([await audit(), await audit()]).toEqual([0, 0]);
  expect(await names()).toEqual(['small* 7', `large ${LARGE.length}`]);
  expect((await getScript(await accountIn(world.process()), 'large')).equals(LARGE)).toBe(true);
  // Replaced and deleted after the snapshot: their texts and nothing else go.
  await putScript(anna, 'small', Buffer.from('stop;'), LIMITS);
  await deleteScript(anna, 'large');
  await runSweep(world.store, { audit: true, recountSettleMs: 0 });
  expect([await audit(), await audit()]).toEqual([0, 2]);
  expect(await activeText()).toBe('stop;');
  expect(world.errors).toEqual([]);
});

test('a script that is replaced while the tree is folded is retired by the next fold (Rule 7)', async () => {
  await putScript(anna, 'main', SMALL, LIMITS);
  const folding = anna.tree.compact();
  const replacing = putScript(anna, 'main', Buffer.from('stop;'), LIMITS);
  await Promise.all([folding, replacing]);
  const retired = (await anna.tree.refresh()).view.state.retired;
  const fresh = (await (await accountIn(world.process())).tree.refresh()).view.state.retired;
  expect(retired).toEqual(fresh);
  expect(retired).toHaveLength(1);
});
