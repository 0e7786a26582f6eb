import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OpenMailbox } from '../../lib/store/account.ts';
import { append } from '../../lib/store/append.ts';
import { copyMessages } from '../../lib/store/copy.ts';
import { flagNames } from '../../lib/store/flag-names.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { newInbox } from '../support/inbox.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';

let home: TestStore;
beforeAll(async () => {
  home = await openTestStore();
});
afterAll(() => home.close());

async function put(open: OpenMailbox, ...flags: string[]): Promise<void> {
  await append(open, [{ ...(await home.message(open.space)), flags }]);
}

async function flagsOf(open: OpenMailbox): Promise<string[]> {
  const { view } = await open.mailbox.refresh();
  return [...view.allUids()].map((uid) => flagNames(view, view.bitsOf(uid) ?? 0n).join(' '));
}

test('a keyword is the same in any case, and keeps the case that it came with first (Rule 8)', async () => {
  const inbox = await newInbox(home);
  await put(inbox, 'Later', 'LATER');
  await put(inbox, 'laTer', 'Two', 'tWO');
  await put(inbox);
  expect(await flagsOf(inbox)).toEqual(['Later', 'Later Two', '']);
  await setFlags(inbox, { operation: 'add', flags: ['lateR', 'tWo', 'Three', 'THREE'], uids: UidSet.of(3) });
  expect(await flagsOf(inbox)).toEqual(['Later', 'Later Two', 'Later Two Three']);
  await setFlags(inbox, { operation: 'remove', flags: ['LATER'], uids: UidSet.of(2, 3) });
  await setFlags(inbox, { operation: 'replace', flags: ['two', 'THREE'], uids: UidSet.of(1) });
  expect(await flagsOf(inbox)).toEqual(['Two Three', 'Two', 'Two Three']);
  expect((await inbox.mailbox.refresh()).view.state.keywords).toEqual(['Later', 'Two', 'Three']);
});

test('a copy meets the keywords of its destination in any case', async () => {
  const [from, to] = [await newInbox(home), await newInbox(home)];
  await put(to, 'ONE');
  await put(from, 'Two', 'one');
  await copyMessages(from, UidSet.of(1), to);
  expect(await flagsOf(to)).toEqual(['ONE', 'ONE Two']);
});
