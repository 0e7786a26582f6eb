import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idIsShared } from '../../lib/base/ids.ts';
import { Account, type OpenMailbox } from '../../lib/store/account.ts';
import { append } from '../../lib/store/append.ts';
import { CROSSING_MS } from '../../lib/store/change-space.ts';
import { copyMessages } from '../../lib/store/copy.ts';
import { Directory, type User } from '../../lib/store/directory.ts';
import { StoreError } from '../../lib/store/errors.ts';
import { expunge } from '../../lib/store/expunge.ts';
import { listNames } from '../../lib/store/list-names.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import { messageBytes, storeMessage } from '../../lib/store/messages.ts';
import { finishMoves, INTENT_MS, moveMessages } from '../../lib/store/move.ts';
import { createMailbox, deleteMailbox, renameMailbox } from '../../lib/store/names.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { sweepSpace } from '../../lib/store/sweep.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { addUser } from '../../lib/store/users.ts';
import { type FaultCall, type FaultChooser, FaultPlan } from '../support/fault-plan.ts';
import { faultyBlobs } from '../support/faulty-blobs.ts';
import { faultyIndex } from '../support/faulty-index.ts';
import { openIn } from '../support/inbox.ts';
import { headCounts, PlainMailbox, seenPlainly, seenThrough, wholeLog } from '../support/log-contents.ts';
import { noHints, noJobs, openTestStore, TestClock, type TestStore } from '../support/test-store.ts';

/** What happens at the k-th call. After a crash nothing else gets through. */
const MISHAPS: Readonly<Record<string, (k: number) => FaultChooser>> = {
  'call fails': (k) => (call) => (call.number === k ? 'fail' : undefined),
  'answer is lost': (k) => (call) => (call.number === k ? 'lost' : undefined),
  'call lands late': (k) => (call) => (call.number === k ? 'late' : undefined),
  'call is made twice': (k) => (call) => (call.number === k ? 'twice' : undefined),
  'process dies before the call': (k) => (call) => (call.number >= k ? 'fail' : undefined),
  'process dies after the call': (k) => (call) => (call.number < k ? undefined : call.number === k ? 'lost' : 'fail'),
};

let home: TestStore;
let users = 0;

beforeAll(async () => {
  home = await openTestStore();
});
afterAll(() => home.close());

interface Scene {
  readonly user: User;
  readonly other: User;
  /** A mailbox as a process knows it that has just begun. */
  readonly open: (name?: string, user?: User) => Promise<OpenMailbox>;
  readonly store: MailStore;
  readonly clock: TestClock;
}

interface Act {
  readonly name: string;
  /** Messages in INBOX before; \Deleted is on the second. */
  readonly messages?: number;
  readonly prepare?: (scene: Scene) => Promise<unknown>;
  readonly run: (scene: Scene) => Promise<unknown>;
  /** Holds whatever happened; `done`: it was acknowledged. */
  readonly check: (scene: Scene, done: boolean) => Promise<void>;
  /** Asked again by another process: must come to the same end as a first try that succeeds. */
  readonly again?: (scene: Scene) => Promise<unknown>;
}

/** A process that has just begun, its calls going as planned. */
function begin({ user, other, clock }: Pick<Scene, 'user' | 'other' | 'clock'>, plan?: FaultPlan): Scene {
  const { index, blobs } = home;
  const faulty = plan && { index: faultyIndex(index, plan), blobs: faultyBlobs(blobs, plan) };
  const ports = { index, blobs, hints: noHints, jobs: noJobs, ...faulty };
  const store = new MailStore(ports, { clock, random: () => 0 });
  return { user, other, clock, store, open: (name, of = user) => openIn(store, of, name) };
}

/** The state before the act, left by a process that has ended. */
async function freshScene(act: Act): Promise<Scene> {
  const number = ++users;
  const user = await addUser(home.store, { name: `crash${number}`, verifier: undefined });
  const other = act.name.includes('space')
    ? await addUser(home.store, { name: `other${number}`, verifier: undefined })
    : user;
  const scene = begin({ user, other, clock: new TestClock() });
  const inbox = await scene.open();
  if (act.messages !== undefined) {
    const stored = await Promise.all(Array.from({ length: act.messages }, () => home.message(user.space)));
    await append(
      inbox,
      stored.map((message, i) => ({ ...message, flags: i === 1 ? ['\\Deleted'] : [] })),
    );
  }
  await act.prepare?.(scene);
  await scene.store.close();
  return scene;
}

/** Every mailbox of the user: its log whole, its UIDs used once, its counts right, its messages' bytes there. */
async function checkMailboxes(store: MailStore, user: User): Promise<void> {
  const account = new Account(store, user);
  for (const { name, mailbox: id } of await listNames(account)) {
    if (id === undefined) continue;
    const open = await account.open(name);
    const { head, records } = await wholeLog(store.ports, id);
    const plain = new PlainMailbox();
    for (const record of records) plain.apply(record);
    expect(headCounts(head)).toEqual(plain.counts);
    const { view } = await open.mailbox.refresh();
    const seen = await seenThrough(open.mailbox, view);
    expect(seen).toEqual(seenPlainly(plain));
    for (const { blob } of plain.messages.values()) {
      expect((await messageBytes(store.context, open.space, blob)).length).toBeGreaterThan(0);
    }
  }
}

/** So many tries at once: they share the disk's flushes. */
const AT_ONCE = 8;

async function everyCall(act: Act, mishap: (k: number) => FaultChooser): Promise<void> {
  const calm = new FaultPlan(() => undefined);
  const process = begin(await freshScene(act), calm);
  await act.run(process);
  await process.store.close();
  expect(calm.calls.length).toBeGreaterThan(1);
  for (let first = 1; first <= calm.calls.length; first += AT_ONCE) {
    const some = calm.calls.slice(first - 1, first - 1 + AT_ONCE);
    await Promise.all(some.map((call) => oneCall(act, call, mishap(call.number))));
  }
}

async function oneCall(act: Act, call: FaultCall, choose: FaultChooser): Promise<void> {
  const scene = await freshScene(act);
  const plan = new FaultPlan(choose, () => 1);
  const failing = begin(scene, plan);
  const failure = await act.run(failing).then(
    () => undefined,
    (error: unknown) => error,
  );
  await failing.store.close().catch(() => undefined);
  await plan.landed();
  try {
    if (failure !== undefined && !(failure instanceof StoreError)) throw failure;
    const after = begin(scene);
    await act.check(after, failure === undefined);
    await checkMailboxes(after.store, scene.user);
    if (failure !== undefined && act.again !== undefined) {
      await act.again(after);
      await act.check(after, true);
    }
    await after.store.close();
  } catch (error) {
    throw new Error(`${act.name}, call ${call.number} (${call.name})`, { cause: error });
  }
}

/** Whether a mailbox of that name is in the account. */
const has = async (store: MailStore, user: User, name: string): Promise<boolean> =>
  (await listNames(new Account(store, user))).some((one) => one.name === name && one.mailbox !== undefined);

/** RENAME into another account: whatever went wrong, the messages are on one side once a sweep has gone on with it. */
const crossing: Act = {
  name: 'rename into another space',
  prepare: async ({ open, store, user, other }) => {
    await createMailbox(new Account(store, user), 'Old');
    const stored = await Promise.all(Array.from({ length: 3 }, () => home.message(user.space)));
    const { blob, sizeBytes } = await storeMessage(
      store.context,
      [user.space, other.space],
      Buffer.from('a: b\r\n\r\n'),
    );
    await append(await open('Old'), [...stored, { blob, sizeBytes, internalDate: 1e9, flags: ['\\Seen', 'Later'] }]);
  },
  run: ({ store, user, other }) => {
    const admin = new Account(store, { ...user, name: 'cyrus' }, { admins: ['cyrus'] });
    return renameMailbox(admin, `Other Users/${user.name}/Old`, `Other Users/${other.name}/New`);
  },
  check: async ({ open, store, user, other, clock }, done) => {
    if (done) expect([await has(store, user, 'Old'), await has(store, other, 'New')]).toEqual([false, true]);
    clock.advance(2 * CROSSING_MS);
    const { alarms } = await sweepSpace(store, user, {
      recountSettleMs: 0,
      onAlarm: (_, error) => expect(error).toBe(''),
    });
    expect(alarms).toBe(0);
    const isThere = await has(store, other, 'New');
    expect(await has(store, user, 'Old')).toBe(!isThere);
    const left = isThere ? await open('New', other) : await open('Old');
    const { view, head } = await left.mailbox.refresh();
    expect(head.state).toBe('open');
    expect([view.exists, view.state.unseen]).toEqual([4, 3]);
    for (const { blob } of (await left.mailbox.cold(view, view.allUids())).values()) {
      expect((await messageBytes(store.context, left.space, blob)).length).toBeGreaterThan(0);
      if (isThere) expect(idIsShared(blob)).toBe(false);
    }
    // It takes changes again, on either side.
    await setFlags(left, { operation: 'add', flags: ['\\Flagged'], uids: two });
  },
};

async function uidsOf(open: OpenMailbox): Promise<string> {
  return (await open.mailbox.refresh()).view.allUids().toString();
}

async function countOf(open: OpenMailbox): Promise<number> {
  return (await open.mailbox.refresh()).view.exists;
}

const two = UidSet.of(1, 3);
const names = async ({ store, user }: Scene): Promise<string[]> =>
  (await listNames(new Account(store, user))).filter(({ mailbox }) => mailbox !== undefined).map(({ name }) => name);

function appending(count: number): Act {
  return {
    name: count === 1 ? 'append' : `append of ${count} at once`,
    messages: 3,
    run: async ({ open, user }) => {
      const stored = await Promise.all(Array.from({ length: count }, () => home.message(user.space)));
      await append(await open(), stored);
    },
    // All or nothing.
    check: async ({ open }, done) => {
      const here = await countOf(await open());
      if (done) expect(here).toBe(3 + count);
      else expect([3, 3 + count]).toContain(here);
    },
  };
}

async function moved({ open, store, user, other, clock }: Scene, done: boolean, to: string): Promise<void> {
  const [inbox, archive] = [await open(), await open(to, other)];
  const before = (await countOf(inbox)) + (await countOf(archive));
  // Never fewer than there were; until it is ended, perhaps on both sides.
  expect(before).toBeGreaterThanOrEqual(3);
  if (done) expect(await uidsOf(inbox)).toBe('2');
  clock.advance(2 * INTENT_MS);
  await finishMoves(store, inbox.mailbox);
  const { view } = await inbox.mailbox.refresh();
  expect(view.state.intents.size).toBe(0);
  expect(view.exists + (await countOf(archive))).toBe(3);
  expect([0, 2]).toContain(await countOf(archive));
  if (user.space !== other.space) await checkMailboxes(store, other);
}

function moving(name: string, to: string): Act {
  return {
    name,
    messages: 3,
    run: async ({ open, other }) => {
      await moveMessages(await open(), two, await open(to, other));
    },
    check: (scene, done) => moved(scene, done, to),
  };
}

function copying(name: string): Act {
  return {
    name,
    messages: 3,
    run: async ({ open, other }) => {
      await copyMessages(await open(), two, await open('Archive', other));
    },
    check: async ({ open, store, other }, done) => {
      const archive = await open('Archive', other);
      if (done) expect(await countOf(archive)).toBe(2);
      else expect([0, 2]).toContain(await countOf(archive));
      await checkMailboxes(store, other);
    },
  };
}

const ACTS: readonly Act[] = [
  appending(1),
  appending(3),
  appending(40),
  {
    name: 'flags',
    messages: 3,
    run: async ({ open }) => {
      await setFlags(await open(), { operation: 'add', flags: ['\\Seen', 'Later'], uids: two });
    },
    check: async ({ open }, done) => {
      const { view } = await (await open()).mailbox.refresh();
      if (done) expect(view.state.unseen).toBe(1);
      else expect([1, 3]).toContain(view.state.unseen);
    },
    again: async ({ open }) => setFlags(await open(), { operation: 'add', flags: ['\\Seen', 'Later'], uids: two }),
  },
  {
    name: 'expunge',
    messages: 3,
    prepare: async ({ open }) => (await open()).mailbox.compact(),
    run: async ({ open }) => {
      await expunge(await open());
    },
    check: async ({ open }, done) => {
      const uids = await uidsOf(await open());
      if (done) expect(uids).toBe('1,3');
      else expect(['1,3', '1:3']).toContain(uids);
    },
    again: async ({ open }) => expunge(await open()),
  },
  copying('copy'),
  copying('copy to another space'),
  moving('move', 'Archive'),
  moving('move to another space', 'Archive'),
  crossing,
  {
    name: 'compact',
    messages: 3,
    prepare: async ({ open, clock }) => {
      const inbox = await open();
      await inbox.mailbox.compact();
      await expunge(inbox);
      for (let i = 0; i < 30; i++) {
        const operation = i % 2 === 0 ? 'add' : 'remove';
        await setFlags(inbox, { operation, flags: ['\\Flagged'], uids: UidSet.of(1) });
      }
      clock.advance(9 * 86_400_000);
    },
    run: async ({ open }) => (await open()).mailbox.compact(),
    check: async ({ open }) => {
      const inbox = await open();
      expect(await uidsOf(inbox)).toBe('1,3');
      const { view } = await inbox.mailbox.refresh();
      expect((await inbox.mailbox.cold(view, view.allUids())).size).toBe(2);
    },
    again: async ({ open }) => (await open()).mailbox.compact(),
  },
  {
    name: 'create a mailbox',
    run: ({ store, user }) => createMailbox(new Account(store, user), 'New'),
    check: async (scene, done) => {
      const there = (await names(scene)).includes('New');
      if (done) expect(there).toBe(true);
      if (there) expect(await countOf(await scene.open('New'))).toBe(0);
    },
    again: async (scene) => {
      if (!(await names(scene)).includes('New')) await createMailbox(new Account(scene.store, scene.user), 'New');
    },
  },
  {
    name: 'delete a mailbox',
    prepare: ({ store, user }) => createMailbox(new Account(store, user), 'Old'),
    run: ({ store, user }) => deleteMailbox(new Account(store, user), 'Old'),
    check: async (scene, done) => {
      const there = (await names(scene)).includes('Old');
      if (done) expect(there).toBe(false);
    },
    // Met half-way it is finished (Rule 5).
    again: async (scene) => {
      if ((await names(scene)).includes('Old')) await deleteMailbox(new Account(scene.store, scene.user), 'Old');
    },
  },
  {
    name: 'rename a tree of mailboxes',
    prepare: async ({ store, user }) => {
      for (const name of ['a', 'a/b', 'a/c/d']) await createMailbox(new Account(store, user), name);
    },
    run: ({ store, user }) => renameMailbox(new Account(store, user), 'a', 'z'),
    check: async (scene, done) => {
      const all = (await names(scene)).filter((name) => /^[az]/.test(name)).join(' ');
      if (done) expect(all).toBe('z z/b z/c/d');
      else expect(['a a/b a/c/d', 'z z/b z/c/d']).toContain(all);
    },
  },
  {
    name: 'rename INBOX',
    messages: 3,
    run: ({ store, user }) => renameMailbox(new Account(store, user), 'INBOX', 'Was'),
    check: async (scene, done) => {
      const was = (await names(scene)).includes('Was');
      if (done) expect(was).toBe(true);
      expect(await countOf(await scene.open('INBOX'))).toBe(was ? 0 : 3);
      if (was) expect(await countOf(await scene.open('Was'))).toBe(3);
    },
  },
  {
    name: 'add a user',
    run: ({ store, user }) => addUser(store, { name: `${user.name}-new`, verifier: undefined, quotaKib: 100 }),
    check: async ({ store, user }, done) => {
      const found = await new Directory(store.ports.index).find(`${user.name}-new`);
      if (done) expect(found).toBeDefined();
      if (found === undefined) return;
      const listed = await listNames(new Account(store, found));
      expect(listed.map(({ name }) => name)).toEqual(['INBOX', 'Archive', 'Drafts', 'Junk', 'Sent', 'Trash']);
      await checkMailboxes(store, found);
    },
    again: async ({ store, user }) => {
      const found = await new Directory(store.ports.index).find(`${user.name}-new`);
      if (found === undefined) await addUser(store, { name: `${user.name}-new`, verifier: undefined, quotaKib: 100 });
    },
  },
];

describe('whatever call of the ports goes wrong', () => {
  for (const act of ACTS) {
    for (const [name, mishap] of Object.entries(MISHAPS)) {
      it(`${act.name}: ${name}`, () => everyCall(act, mishap));
    }
  }
});
