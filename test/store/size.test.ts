import { afterAll, beforeAll, expect, it } from 'vitest';
import { Account } from '../../lib/store/account.ts';
import { headKey } from '../../lib/store/keys.ts';
import { listNames } from '../../lib/store/list-names.ts';
import { createMailbox, renameMailbox } from '../../lib/store/names.ts';
import { itemBytes } from '../../lib/store/port-limits.ts';
import { addUser } from '../../lib/store/users.ts';
import { useLargeMailbox } from '../support/many-messages.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';

let home: TestStore;
beforeAll(async () => {
  home = await openTestStore();
});
afterAll(() => home.close());

it('100,000 messages in a mailbox', () => useLargeMailbox(home, 100_000));

it('5,000 mailboxes in an account: listed, renamed as one, the head of the tree small', async () => {
  const user = await addUser(home.store, { name: 'archivist', verifier: undefined });
  const account = new Account(home.store, user);
  await createMailbox(account, 'years');
  const names = Array.from({ length: 5000 }, (_, i) => `years/${1900 + (i % 100)}/${i}`);
  for (let at = 0; at < names.length; at += 500) {
    await Promise.all(names.slice(at, at + 500).map((name) => createMailbox(account, name)));
  }
  const size = async (): Promise<number> => {
    const key = headKey('T', user.tree);
    return itemBytes(key, (await home.index.get(key)) ?? {});
  };
  expect(await size()).toBeLessThanOrEqual(4000);
  await renameMailbox(account, 'years', 'ages');
  expect(await size()).toBeLessThanOrEqual(1000);
  const fresh = new Account(home.another(), user);
  const bound = (await listNames(fresh)).filter(({ mailbox }) => mailbox !== undefined).map(({ name }) => name);
  expect(bound.filter((name) => name.startsWith('ages/'))).toHaveLength(5000);
  expect(bound.filter((name) => name.startsWith('years'))).toHaveLength(0);
  expect(new Set(bound).size).toBe(bound.length);
});
