import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Account } from '../../lib/store/account.ts';
import { closeMailbox, reopenMailbox, unbindClosed } from '../../lib/store/delete-mailbox.ts';
import { createMailbox, deleteMailbox, renameMailbox } from '../../lib/store/names.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { addUser } from '../../lib/store/users.ts';
import { fill } from '../support/inbox.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';

let home: TestStore;
let users = 0;
beforeAll(async () => {
  home = await openTestStore();
});
afterAll(() => home.close());

async function newAccount(): Promise<Account> {
  return new Account(home.store, await addUser(home.store, { name: `names${++users}`, verifier: undefined }));
}

const elsewhere = (account: Account): Account => new Account(home.another(), account.user);
const seen = { operation: 'add' as const, flags: ['\\Seen'], uids: UidSet.of(1) };

describe('a deleted mailbox (Rule 5)', () => {
  it('takes no commit any more, from whichever process', async () => {
    const account = await newAccount();
    await createMailbox(account, 'Old');
    const [here, there] = [await account.open('Old'), await elsewhere(account).open('Old')];
    await fill(home, here, 1);
    await there.mailbox.refresh();
    await deleteMailbox(account, 'Old');
    await expect(setFlags(there, seen)).rejects.toMatchObject({ code: 'gone' });
    await expect(fill(home, here, 1)).rejects.toMatchObject({ code: 'gone' });
    await expect(account.open('Old')).rejects.toMatchObject({ code: 'nonexistent' });
  });

  it('that was renamed while DELETE ran stays, under the new name', async () => {
    const account = await newAccount();
    await createMailbox(account, 'From');
    await fill(home, await account.open('From'), 1);
    const other = elsewhere(account);
    // The other process has looked the name up and closed the mailbox; now comes the RENAME.
    const { mailbox } = await account.open('From');
    await closeMailbox(home.store, mailbox.id);
    await renameMailbox(other, 'From', 'To');
    expect(await unbindClosed(account.tree, 'From', mailbox.id)).toBe('renamed');
    await reopenMailbox(home.store, mailbox.id);
    const open = await account.open('To');
    await fill(home, open, 1);
    expect((await open.mailbox.refresh()).view.exists).toBe(2);
  });

  it('that is closed and still bound is finished by the next DELETE', async () => {
    const account = await newAccount();
    const id = await createMailbox(account, 'Half');
    const open = await account.open('Half');
    await closeMailbox(home.store, id);
    await expect(fill(home, open, 1)).rejects.toMatchObject({ code: 'gone' });
    await deleteMailbox(elsewhere(account), 'Half');
    const again = await createMailbox(account, 'Half');
    expect(again).not.toBe(id);
    await fill(home, await account.open('Half'), 1);
  });
});

describe('UIDVALIDITY belongs to the binding (Rule 6)', () => {
  const validityOf = async (account: Account, name: string) => (await account.open(name)).uidValidity;

  it('is higher when a name is used again, also from a process with a slow clock', async () => {
    const account = await newAccount();
    await createMailbox(account, 'Name');
    const first = await validityOf(account, 'Name');
    await deleteMailbox(account, 'Name');
    const slow = home.another({ clock: { now: () => home.clock.now() - 3_600_000 } });
    await createMailbox(new Account(slow, account.user), 'Name');
    expect(await validityOf(account, 'Name')).toBeGreaterThan(first);
  });

  it('stays with a renamed mailbox, unless the new name had an equal or a higher one', async () => {
    const account = await newAccount();
    for (const name of ['a', 'a/b', 'later']) await createMailbox(account, name);
    const [a, b, later] = [
      await validityOf(account, 'a'),
      await validityOf(account, 'a/b'),
      await validityOf(account, 'later'),
    ];
    await renameMailbox(account, 'a', 'fresh');
    expect([await validityOf(account, 'fresh'), await validityOf(account, 'fresh/b')]).toEqual([a, b]);
    await deleteMailbox(account, 'later');
    await renameMailbox(account, 'fresh', 'later');
    expect(await validityOf(account, 'later')).toBeGreaterThan(later);
  });

  it('RENAME of INBOX: the mail goes along, INBOX is new and empty', async () => {
    const account = await newAccount();
    const inbox = await account.open('INBOX');
    await fill(home, inbox, 2);
    await renameMailbox(account, 'inbox', 'Was');
    const [was, now] = [await account.open('Was'), await account.open('INBOX')];
    expect(was.mailbox.id).toBe(inbox.mailbox.id);
    expect(was.uidValidity).toBe(inbox.uidValidity);
    expect(now.uidValidity).toBeGreaterThan(inbox.uidValidity);
    expect((await now.mailbox.refresh()).view.exists).toBe(0);
    // Sessions on the old INBOX go on.
    await setFlags(inbox, seen);
    expect((await was.mailbox.refresh()).view.state.unseen).toBe(1);
  });

  it('two processes that create one name: one succeeds', async () => {
    const account = await newAccount();
    const tries = await Promise.allSettled([createMailbox(account, 'One'), createMailbox(elsewhere(account), 'One')]);
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const failed = tries.find(({ status }) => status === 'rejected');
    expect(failed).toMatchObject({ reason: { code: 'already-exists' } });
  });
});
