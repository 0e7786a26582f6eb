import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Account } from '../../lib/store/account.ts';
import { annotate } from '../../lib/store/annotate.ts';
import type { User } from '../../lib/store/directory.ts';
import { examine } from '../../lib/store/doctor.ts';
import { removeMessages } from '../../lib/store/expunge.ts';
import { DAY_MS } from '../../lib/store/keep.ts';
import { moveMessages } from '../../lib/store/move.ts';
import { createMailbox, deleteMailbox } from '../../lib/store/names.ts';
import { runSweep } from '../../lib/store/sweep.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { deletedMailboxes, expungedMessages, undeleteMailbox, undeleteMessages } from '../../lib/store/undelete.ts';
import { addUser } from '../../lib/store/users.ts';
import { fill } from '../support/inbox.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';

let home: TestStore;
let anna: User;
let account: Account;

beforeEach(async () => {
  home = await openTestStore();
  anna = await addUser(home.store, { name: 'anna', verifier: undefined, quotaKib: 1000 });
  account = new Account(home.store, anna);
});
afterEach(() => home.close());

const findings = async () => {
  await home.store.quota.flush();
  return (await examine(home.another())).listed;
};
const sweep = async (days: number) => {
  await home.store.quota.flush();
  home.clock.advance(days * DAY_MS);
  return runSweep(home.another(), { audit: true, recountSettleMs: 1 });
};

describe('a deleted mailbox', () => {
  test('comes back with its messages and flags, and stays when the sweep comes by', async () => {
    await createMailbox(account, 'Work');
    await fill(home, await account.open('Work'), 5, ['\\Flagged']);
    const entries = [{ entry: '/comment', scope: 'private', value: Buffer.from('mine') }] as const;
    await annotate(await account.open('Work'), { uids: UidSet.of(2), entries });
    const { uidValidity } = await account.open('Work');
    await deleteMailbox(account, 'Work');
    expect(await deletedMailboxes(home.store, anna)).toMatchObject([{ name: 'Work', messages: 5 }]);
    await undeleteMailbox(home.store, anna, 'Work');
    const open = await account.open('Work');
    const { view } = await open.mailbox.refresh();
    expect(view.exists).toBe(5);
    expect([...view.allUids()]).toEqual([1, 2, 3, 4, 5]);
    expect(view.bitsOf(3)).toBe(4n);
    expect([...((await open.mailbox.annotations(view, view.allUids())).get(2)?.values() ?? [])]).toEqual([
      Buffer.from('mine'),
    ]);
    expect(open.uidValidity).toBeGreaterThan(uidValidity);
    expect(await deletedMailboxes(home.store, anna)).toEqual([]);
    await fill(home, open, 1);
    expect(await findings()).toEqual([]);
    for (let i = 0; i < 3; i++) expect(await sweep(3)).toMatchObject({ alarms: 0, mailboxes: 0 });
    expect(await findings()).toEqual([]);
    expect((await account.open('Work')).mailbox.id).toBe(open.mailbox.id);
  });

  test('takes another name where its own is taken, and is gone after the grace', async () => {
    await createMailbox(account, 'Work');
    await deleteMailbox(account, 'Work');
    await createMailbox(account, 'Work');
    await expect(undeleteMailbox(home.store, anna, 'Work')).rejects.toMatchObject({ code: 'already-exists' });
    await undeleteMailbox(home.store, anna, 'Work', 'Work of before');
    await account.open('Work of before');
    await deleteMailbox(account, 'Work');
    await sweep(3);
    await expect(undeleteMailbox(home.store, anna, 'Work')).rejects.toMatchObject({ code: 'nonexistent' });
  });
});

describe('expunged messages', () => {
  test('come back once, without those that were moved', async () => {
    const inbox = await account.open('INBOX');
    await fill(home, inbox, 10);
    await inbox.mailbox.compact();
    await moveMessages(inbox, UidSet.of(1, 2), await account.open('Archive'));
    await removeMessages(inbox, () => UidSet.of(3), 'expunge');
    home.clock.advance(1000);
    const laterMs = home.clock.now();
    await removeMessages(inbox, () => UidSet.of(4, 5, 6), 'expunge');
    expect(await expungedMessages(home.store, anna)).toMatchObject([{ name: 'INBOX', messages: 6 }]);
    expect(await undeleteMessages(home.store, anna, 'INBOX', laterMs)).toBe(3);
    expect(await undeleteMessages(home.store, anna, 'INBOX')).toBe(1);
    expect(await undeleteMessages(home.store, anna, 'INBOX')).toBe(0);
    expect([...(await inbox.mailbox.refresh()).view.allUids()]).toEqual([7, 8, 9, 10, 11, 12, 13, 14]);
    await sweep(3);
    await sweep(3);
    expect(await findings()).toEqual([]);
  });

  test('that the sweep has purged do not come back', async () => {
    const inbox = await account.open('INBOX');
    await fill(home, inbox, 3);
    await removeMessages(inbox, () => UidSet.of(2), 'expunge');
    await sweep(3);
    expect(await undeleteMessages(home.another(), anna, 'INBOX')).toBe(0);
  });
});
