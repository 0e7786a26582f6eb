import { expect } from 'vitest';
import { newId } from '../../lib/base/ids.ts';
import type { OpenMailbox } from '../../lib/store/account.ts';
import { append } from '../../lib/store/append.ts';
import { expunge } from '../../lib/store/expunge.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { newInbox, openIn } from './inbox.ts';
import { seenThrough } from './log-contents.ts';
import type { TestStore } from './test-store.ts';

/** Messages without bytes, for what never reads them. */
export async function appendBare(home: TestStore, open: OpenMailbox, count: number): Promise<void> {
  const flags: string[] = [];
  for (let at = 0; at < count; at += 5000) {
    const messages = Array.from({ length: Math.min(5000, count - at) }, (_, i) => {
      return { blob: newId(home.clock.now()), sizeBytes: 1000 + i, internalDate: 1_700_000_000 + i, flags };
    });
    await append(open, messages);
  }
}

/** A large mailbox is filled, changed all over, thinned out and folded; another process then sees the same. */
export async function useLargeMailbox(home: TestStore, count: number): Promise<void> {
  const inbox = await newInbox(home);
  await appendBare(home, inbox, count);
  const every = (step: number): UidSet =>
    UidSet.fromSorted(Array.from({ length: Math.floor(count / step) }, (_, i) => (i + 1) * step));
  await setFlags(inbox, { operation: 'add', flags: ['\\Seen'], uids: UidSet.fromRanges([[1, count]]) });
  await setFlags(inbox, { operation: 'add', flags: ['\\Deleted', 'old'], uids: every(10) });
  await inbox.mailbox.compact();
  await setFlags(inbox, { operation: 'replace', flags: ['\\Flagged'], uids: every(7) });
  const kept = Math.floor(count / 70);
  const deleted = Math.floor(count / 10) - kept;
  expect((await expunge(inbox)).size).toBe(deleted);
  await inbox.mailbox.compact();
  const { view } = await inbox.mailbox.refresh();
  expect(view.state).toMatchObject({ exists: count - deleted, deleted: 0, uidNext: count + 1 });
  const fresh = await openIn(home.another(), inbox.account.user);
  const { view: read } = await fresh.mailbox.refresh();
  expect(read.state.unseen).toBe(Math.floor(count / 7));
  const [here, there] = [await seenThrough(inbox.mailbox, view), await seenThrough(fresh.mailbox, read)];
  // Compared as text: deep comparison of so much is slow.
  expect(JSON.stringify(there) === JSON.stringify(here)).toBe(true);
}
