import { afterAll, beforeAll, expect, it } from 'vitest';
import { deleteMailbox } from '../../lib/store/names.ts';
import { newInbox, openIn } from '../support/inbox.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';

let home: TestStore;
beforeAll(async () => {
  home = await openTestStore();
});
afterAll(() => home.close());

it('whoever listens to a mailbox hears that another process has deleted it (Rule 5)', async () => {
  const { account } = await newInbox(home);
  const waiting = await openIn(home.another(), account.user, 'Archive');
  await waiting.mailbox.refresh();
  let calls = 0;
  waiting.mailbox.listen(() => calls++);
  await deleteMailbox(account, 'Archive');
  await waiting.mailbox.refresh();
  expect(calls).toBe(1);
  await waiting.mailbox.refresh();
  expect(calls).toBe(1);
});
