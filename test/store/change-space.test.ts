import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Id, idIsShared } from '../../lib/base/ids.ts';
import { Account, type OpenMailbox } from '../../lib/store/account.ts';
import { setAcl } from '../../lib/store/acl.ts';
import { annotate } from '../../lib/store/annotate.ts';
import { append } from '../../lib/store/append.ts';
import { CROSSING_MS, changeSpace, finishCrossing } from '../../lib/store/change-space.ts';
import { type Crossing, getCrossing, putCrossing } from '../../lib/store/crossing.ts';
import { runCrossingJobs } from '../../lib/store/crossing-job.ts';
import type { User } from '../../lib/store/directory.ts';
import { examine } from '../../lib/store/doctor.ts';
import { StoreError } from '../../lib/store/errors.ts';
import { expunge } from '../../lib/store/expunge.ts';
import { DAY_MS, WRITER_MS } from '../../lib/store/keep.ts';
import { logPk, messageBlobKey } from '../../lib/store/keys.ts';
import { listNames } from '../../lib/store/list-names.ts';
import type { MailStore } from '../../lib/store/mail-store.ts';
import { messageBytes, storeMessage } from '../../lib/store/messages.ts';
import { createMailbox, deleteMailbox, renameMailbox } from '../../lib/store/names.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { runSweep, sweepSpace } from '../../lib/store/sweep.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { undeleteMailbox } from '../../lib/store/undelete.ts';
import { addUser } from '../../lib/store/users.ts';
import { afterPuts, beforeCopies } from '../support/observed-ports.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';
import { until } from '../support/until.ts';

let home: TestStore;
let store: MailStore;
let [joe, anna]: User[] = [];
let serial = 0;
/** Called before an object is copied. */
let beforeCopy: () => Promise<void> = async () => undefined;
/** Called when an item of the partition has been written. */
let afterPut: (partition: Uint8Array) => Promise<void> = async () => undefined;

beforeAll(async () => {
  home = await openTestStore({
    withJobs: true,
    wrapBlobs: (blobs) => beforeCopies(blobs, () => beforeCopy()),
    wrapIndex: (index) => afterPuts(index, (partition) => afterPut(partition)),
  });
});
afterAll(() => home.close());

const user = (one: User | undefined): User => one as User;
const openOf = (one: User | undefined, name: string, at = store): Promise<OpenMailbox> =>
  new Account(at, user(one)).open(name);
const namesOf = async (one: User | undefined): Promise<string> =>
  (await listNames(new Account(store, user(one))))
    .filter(({ mailbox }) => mailbox !== undefined)
    .map(({ name }) => name)
    .filter((name) => /^[a-z]/.test(name))
    .join(' ');

/** joe has `x` with UIDs 1, 3 and 4 of which one is shared, and `x/y`; anna has room. */
beforeEach(async () => {
  beforeCopy = async () => undefined;
  afterPut = async () => undefined;
  store = home.another();
  serial++;
  joe = await addUser(store, { name: `joe${serial}`, verifier: undefined, quotaKib: 100 });
  anna = await addUser(store, { name: `anna${serial}`, verifier: undefined, quotaKib: 100 });
  await createMailbox(new Account(store, joe), 'x');
  await createMailbox(new Account(store, joe), 'x/y');
  const x = await openOf(joe, 'x');
  const { blob, sizeBytes } = await storeMessage(
    store.context,
    [joe.space, anna.space],
    Buffer.from('Subject: all\r\n\r\n!\r\n'),
  );
  await append(x, [await home.message(joe.space), await home.message(joe.space), await home.message(joe.space)]);
  for (const open of [x, await openOf(anna, 'INBOX')]) {
    await append(open, [{ blob, sizeBytes, internalDate: 1e9, flags: ['\\Seen', 'Later'] }]);
  }
  await setFlags(x, { operation: 'add', flags: ['\\Deleted'], uids: UidSet.of(2) });
  await expunge(x);
  await annotate(x, {
    uids: UidSet.of(3),
    entries: [{ entry: '/comment', scope: 'shared', value: Buffer.from('hm') }],
  });
  await store.quota.flush();
});

const admin = (): Account => new Account(store, { ...user(joe), name: 'cyrus' }, { admins: ['cyrus'] });
const rename = (from: string, to: string, as = admin()): Promise<void> =>
  renameMailbox(
    as,
    `Other Users/${user(joe).name}/${from}`,
    to.startsWith('+') ? to.slice(1) : `Other Users/${user(anna).name}/${to}`,
  );

/** What is seen of every message, by UID. */
async function picture(open: OpenMailbox): Promise<unknown> {
  const { view } = await open.mailbox.refresh();
  const rows = [...(await open.mailbox.cold(view, view.allUids()))];
  const values = await open.mailbox.annotations(view, view.allUids());
  return Promise.all(
    rows.map(async ([uid, { blob, ...row }]) => ({
      uid,
      ...row,
      flags: (view.bitsOf(uid) ?? 0n).toString(),
      keywords: view.state.keywords,
      text: (await messageBytes(store.context, open.space, blob)).toString(),
      annotations: [...(values.get(uid) ?? [])].map(([key, value]) => [key, value.toString()]),
    })),
  );
}

/** What the doctor finds of these two accounts; two who do the same at once leave pieces for the sweep. */
async function findings(): Promise<readonly string[]> {
  await store.quota.flush();
  const { faults, listed } = await examine(home.another());
  expect(faults).toBe(0);
  const own = listed.filter(({ where }) => [joe, anna].some((one) => where.startsWith(`${user(one).name} `)));
  return own
    .filter(({ where }) => !where.includes('pieces'))
    .map(({ code, where, text }) => `${code} ${where} ${text}`);
}

describe('a mailbox in another space (Rule 12)', () => {
  test('is the same to the eye, rests on objects of its own, and leaves the old ones for the grace', async () => {
    const before = await openOf(joe, 'x');
    const was = await picture(before);
    const blobs = [...(await before.mailbox.cold(before.mailbox.cached?.view as never, UidSet.of(1, 3, 4))).values()];
    await rename('x', 'z');
    expect([await namesOf(joe), await namesOf(anna)]).toEqual(['', 'z z/y']);
    const after = await openOf(anna, 'z');
    expect(await picture(after)).toEqual(was);
    const { view } = await after.mailbox.refresh();
    for (const { blob } of (await after.mailbox.cold(view, view.allUids())).values())
      expect(idIsShared(blob)).toBe(false);
    expect(await findings()).toEqual([]);
    // The old space has everything still, until nothing has named it for the grace; the new one keeps its own.
    const there = async (): Promise<number> => {
      const found = await Promise.all(
        blobs
          .filter(({ blob }) => !idIsShared(blob))
          .map(({ blob }) => home.blobs.info(messageBlobKey(user(joe).space, blob))),
      );
      return found.filter((info) => info !== undefined).length;
    };
    home.clock.advance(DAY_MS);
    await runSweep(store, { audit: true, recountSettleMs: 0 });
    expect(await there()).toBe(2);
    for (let i = 0; i < 3; i++) {
      home.clock.advance(3 * DAY_MS);
      await runSweep(store, { audit: true, recountSettleMs: 0 });
    }
    expect(await there()).toBe(0);
    expect(await picture(await openOf(anna, 'z', home.another()))).toEqual(was);
    expect(await findings()).toEqual([]);
  });

  test('can be brought back where it was', async () => {
    const was = await picture(await openOf(joe, 'x'));
    await rename('x', 'z');
    await undeleteMailbox(store, user(joe), 'x');
    expect(await picture(await openOf(joe, 'x'))).toEqual(was);
  });

  test('takes what comes while it is copied; between the two it says try again', async () => {
    const other = home.another();
    const x = await openOf(joe, 'x', other);
    let [first, states]: [boolean, string[]] = [true, []];
    beforeCopy = async () => {
      if (first) {
        first = false;
        await append(x, [await home.message(user(joe).space, 'Subject: late\r\n\r\n')]);
        await other.quota.flush();
        return;
      }
      const { head } = await x.mailbox.refresh();
      states.push(head.state);
      if (head.state === 'open') return;
      await expect(append(x, [await home.message(user(joe).space)])).rejects.toMatchObject({ code: 'unavailable' });
      // The doctor and the sweep leave it alone.
      expect((await examine(home.another())).listed.map(({ code }) => code)).toContain('move-unfinished');
      expect(await runSweep(home.another(), { recountSettleMs: 0 })).toMatchObject({ alarms: 0, blobs: 0, purged: 0 });
    };
    await rename('x', 'z');
    expect(states.at(-1)).toBe('moving');
    const z = await openOf(anna, 'z');
    expect((await z.mailbox.refresh()).view.allUids().toString()).toBe('1,3:5');
    await expect(append(x, [await home.message(user(joe).space)])).rejects.toMatchObject({ code: 'gone' });
    expect(await findings()).toEqual([]);
  });

  test('is refused, and stays open, where the name is taken meanwhile', async () => {
    let first = true;
    beforeCopy = async () => {
      if (first) await createMailbox(new Account(store, user(anna)), 'z');
      first = false;
    };
    await expect(rename('x', 'z')).rejects.toMatchObject({ code: 'already-exists' });
    expect(await namesOf(joe)).toBe('x x/y');
    await append(await openOf(joe, 'x'), [await home.message(user(joe).space)]);
    home.clock.advance(2 * 3_600_000);
    expect((await examine(home.another())).faults).toBe(0);
  });

  test('needs a right for each thing that is done, and room', async () => {
    const from = `Other Users/${user(joe).name}/x/y`;
    const asAnna = (): Promise<void> => renameMailbox(new Account(store, user(anna)), from, 'z');
    for (const rights of ['lr', 'lrx', 'lxte']) {
      await setAcl(new Account(store, user(joe)), 'x/y', user(anna).name, rights);
      await expect(asAnna(), rights).rejects.toMatchObject({ code: 'no-permission' });
    }
    await setAcl(new Account(store, user(joe)), 'x/y', user(anna).name, 'lrxte');
    await asAnna();
    expect([await namesOf(joe), await namesOf(anna)]).toEqual(['x', 'z']);
    await expect(rename('INBOX', 'q')).rejects.toMatchObject({ code: 'cannot' });
    await append(await openOf(joe, 'x'), [
      { ...(await home.message(user(joe).space, `a: b\r\n\r\n${'x'.repeat(120_000)}`)) },
    ]);
    await expect(rename('x', 'q')).rejects.toMatchObject({ code: 'over-quota' });
    expect(await namesOf(joe)).toBe('x');
  });
});

describe('what a process left (Rule 12)', () => {
  async function frozen(): Promise<Crossing> {
    const { mailbox } = await openOf(joe, 'x');
    const destination: Id = store.newId();
    const crossing: Crossing = {
      source: mailbox.id,
      destination,
      from: { tree: user(joe).tree, space: user(joe).space },
      to: { tree: user(anna).tree, space: user(anna).space, path: 'z' },
      acl: new Map(),
      begunMs: store.clock.now(),
    };
    await putCrossing(store.ports.index, crossing);
    await mailbox.editHead(() => ({ state: 'moving', movesTo: destination }));
    return crossing;
  }

  test('waits for a minute, then goes on from where it was', async () => {
    const { source, destination } = await frozen();
    expect(await finishCrossing(store, source, destination)).toBeGreaterThan(0);
    expect(await namesOf(joe)).toBe('x x/y');
    home.clock.advance(CROSSING_MS);
    const [a, b] = [home.another(), home.another()];
    await Promise.all([finishCrossing(a, source, destination), finishCrossing(b, source, destination)]);
    expect([await namesOf(joe), await namesOf(anna)]).toEqual(['x/y', 'z']);
    expect(await getCrossing(store.ports.index, destination)).toBeUndefined();
    expect(await findings()).toEqual([]);
  });

  test('keeps the sweep from deleting anything of the space meanwhile (Rule 12)', async () => {
    const inbox = await openOf(joe, 'INBOX');
    await append(inbox, [{ ...(await home.message(user(joe).space)), flags: ['\\Deleted'] }]);
    await expunge(inbox);
    home.clock.advance(3 * DAY_MS);
    const { source, destination } = await frozen();
    const sweep = () => sweepSpace(home.another(), user(joe), { audit: true, recountSettleMs: 0 });
    expect(await sweep()).toMatchObject({ alarms: 0, purged: 0, blobs: 0 });
    home.clock.advance(CROSSING_MS);
    await finishCrossing(store, source, destination);
    expect(await sweep()).toMatchObject({ alarms: 0, purged: 1 });
  });

  test('goes back when it has taken so long that what was copied may be gone (Rule 9)', async () => {
    const { source, destination } = await frozen();
    home.clock.advance(WRITER_MS + 1);
    await expect(finishCrossing(store, source, destination)).rejects.toMatchObject({ code: 'gone' });
    expect([await namesOf(joe), await namesOf(anna)]).toEqual(['x x/y', '']);
    await append(await openOf(joe, 'x'), [await home.message(user(joe).space)]);
  });

  test('keeps another one away', async () => {
    await frozen();
    await expect(rename('x', 'q')).rejects.toMatchObject({ code: 'unavailable' });
    expect([await namesOf(joe), await namesOf(anna)]).toEqual(['x x/y', '']);
  });

  /** Another process finds the name taken and gives up; then the name is free again. */
  async function givenUpBy(other: MailStore, crossing: Crossing): Promise<void> {
    const account = new Account(other, user(anna));
    await createMailbox(account, 'z');
    await expect(changeSpace(other, crossing)).rejects.toMatchObject({ code: 'already-exists' });
    await deleteMailbox(account, 'z');
  }

  test('is in one place when one process gives up and another one binds it', async () => {
    const crossing = await frozen();
    let isDone = false;
    beforeCopy = async () => {
      if (isDone) return;
      isDone = true;
      await givenUpBy(home.another(), crossing);
    };
    await expect(changeSpace(store, crossing)).rejects.toMatchObject({ code: 'unavailable' });
    expect(isDone).toBe(true);
    expect([await namesOf(joe), await namesOf(anna)]).toEqual(['x x/y', '']);
    await append(await openOf(joe, 'x'), [await home.message(user(joe).space)]);
    expect(await getCrossing(store.ports.index, crossing.destination)).toBeUndefined();
    expect(await findings()).toEqual([]);
  });

  test('stays in both places when mail has come to the new one before its process sees that it was given up', async () => {
    const crossing = await frozen();
    let steps = 0;
    beforeCopy = async () => {
      if (steps++ === 0) await givenUpBy(home.another(), crossing);
    };
    afterPut = async (pk) => {
      if (!logPk('T', user(anna).tree).equals(pk)) return;
      const other = home.another();
      const { view } = await other.tree(user(anna).tree).refresh();
      if (view.binding('z')?.mailbox !== crossing.destination) return;
      afterPut = async () => undefined;
      const z = await openOf(anna, 'z', other);
      await append(z, [await home.message(user(anna).space, 'Subject: new\r\n\r\n')]);
      await z.store.quota.flush();
    };
    const was = await picture(await openOf(joe, 'x'));
    await changeSpace(store, crossing);
    expect([await namesOf(joe), await namesOf(anna)]).toEqual(['x x/y', 'z']);
    expect(await picture(await openOf(joe, 'x'))).toEqual(was);
    const both = (await picture(await openOf(anna, 'z'))) as readonly unknown[];
    expect(both.slice(0, 3)).toEqual(was);
    expect(both[3]).toMatchObject({ uid: 5, text: 'Subject: new\r\n\r\n' });
    expect(await getCrossing(store.ports.index, crossing.destination)).toBeUndefined();
    expect(await findings()).toEqual([]);
    // Neither goes later, and both take mail.
    for (let i = 0; i < 3; i++) {
      home.clock.advance(3 * DAY_MS);
      await runSweep(store, { audit: true, recountSettleMs: 0 });
    }
    for (const [one, name, count] of [
      [joe, 'x', 4],
      [anna, 'z', 5],
    ] as const) {
      const open = await openOf(one, name, home.another());
      await append(open, [await home.message(open.space)]);
      expect(await picture(open)).toHaveLength(count);
    }
  });

  test('loses nothing that came after one process gave up and before another one froze it again', async () => {
    const crossing = await frozen();
    const { mailbox } = await openOf(joe, 'x');
    await mailbox.editHead(() => ({ state: 'open', movesTo: undefined }));
    let isDone = false;
    beforeCopy = async () => {
      if (isDone) return;
      isDone = true;
      const other = home.another();
      await givenUpBy(other, crossing);
      await append(await openOf(joe, 'x', other), [await home.message(user(joe).space)]);
      await other.quota.flush();
    };
    await expect(changeSpace(store, crossing)).rejects.toMatchObject({ code: 'gone' });
    expect([await namesOf(joe), await namesOf(anna)]).toEqual(['x x/y', '']);
    const { view, head } = await (await openOf(joe, 'x')).mailbox.refresh();
    expect([view.exists, head.state]).toEqual([4, 'open']);
  });

  test('is not begun twice', async () => {
    const crossing = await frozen();
    home.clock.advance(CROSSING_MS);
    await changeSpace(store, crossing);
    await changeSpace(store, crossing);
    expect([await namesOf(joe), await namesOf(anna)]).toEqual(['x/y', 'z']);
  });

  test('is ended by a job of another process', async () => {
    const other = home.another();
    const x = await openOf(joe, 'x', other);
    let isLate = false;
    beforeCopy = async () => {
      if ((await x.mailbox.refresh()).head.state === 'moving')
        throw new StoreError('unavailable', 'the process ends here');
      if (isLate) return;
      isLate = true;
      await append(x, [await home.message(user(joe).space)]);
      await other.quota.flush();
    };
    await expect(rename('x', 'z')).rejects.toMatchObject({ code: 'unavailable' });
    expect((await x.mailbox.refresh()).head.state).toBe('moving');
    beforeCopy = async () => undefined;
    home.clock.advance(CROSSING_MS);
    const jobs = runCrossingJobs(home.another());
    await until('the mailbox is there', async () => (await namesOf(anna)) === 'z');
    await jobs.stop();
    expect((await (await openOf(anna, 'z')).mailbox.refresh()).view.exists).toBe(4);
    expect(await findings()).toEqual([]);
  });
});
