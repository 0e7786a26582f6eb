import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Id, newId } from '../../lib/base/ids.ts';
import type { OpenMailbox } from '../../lib/store/account.ts';
import { append, appendTo } from '../../lib/store/append.ts';
import { removeMessages } from '../../lib/store/expunge.ts';
import { flagNames } from '../../lib/store/flag-names.ts';
import { DAY_MS, EXPUNGED_KEEP_MS } from '../../lib/store/keep.ts';
import { chainItems } from '../../lib/store/mailbox-columns.ts';
import { purgeRecord } from '../../lib/store/mailbox-records.ts';
import { type FlagOperation, setFlags } from '../../lib/store/set-flags.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { newInbox, openIn } from '../support/inbox.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';

/** Pieces of a few messages, so that small mailboxes have many. */
const foldLimits = { hotRows: 8, coldRows: 8, summaryRows: 8, noncePieces: 3 };

let home: TestStore;
beforeAll(async () => {
  home = await openTestStore({ foldLimits, random: () => 0 });
});
afterAll(() => home.close());

interface Message {
  readonly blob: Id;
  readonly sizeBytes: number;
  flags: Set<string>;
}

/** A mailbox as a beginner would write it. */
interface Naive {
  uidNext: number;
  readonly messages: Map<number, Message>;
  /** Expunged, with when, until their blobs may go. */
  readonly kept: Map<number, Message>;
}

type Command =
  | { readonly do: 'append'; readonly count: number; readonly flags: readonly string[] }
  | { readonly do: 'deliver' }
  | {
      readonly do: 'flags';
      readonly operation: FlagOperation;
      readonly flags: readonly string[];
      readonly uids: UidSet;
    }
  | { readonly do: 'expunge'; readonly uids: UidSet }
  | { readonly do: 'purge'; readonly uids: UidSet }
  | { readonly do: 'look at'; readonly uids: UidSet }
  | { readonly do: 'compact' }
  | { readonly do: 'another process' }
  | { readonly do: 'first process' }
  | { readonly do: 'wait'; readonly days: number };

const flags = fc.uniqueArray(fc.constantFrom('\\Seen', '\\Deleted', '\\Flagged', '\\Draft', 'a', 'B', '$c'), {
  maxLength: 3,
});
const uids = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 12 })), { minLength: 1, maxLength: 3 })
  .map((ranges) => UidSet.fromRanges(ranges.map(([from, more]) => [from, from + more])));

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 9 }), flags }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'deliver' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('flags' as const),
      operation: fc.constantFrom('add' as const, 'remove' as const, 'replace' as const),
      flags,
      uids,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('expunge' as const), uids }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('purge' as const), uids }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('look at' as const), uids }) },
  { weight: 5, arbitrary: fc.constant({ do: 'compact' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'another process' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'first process' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), days: fc.constantFrom(1, 3, 16, 61) }) },
);

async function perform(first: OpenMailbox, open: OpenMailbox, naive: Naive, it: Command): Promise<OpenMailbox> {
  const { mailbox, store } = open;
  switch (it.do) {
    case 'append': {
      const messages = Array.from({ length: it.count }, (_, i) => ({
        blob: newId(home.clock.now()),
        sizeBytes: naive.uidNext + i,
        internalDate: 1_700_000_000 - i,
        flags: it.flags,
      }));
      const { firstUid } = await append(open, messages);
      expect(firstUid).toBe(naive.uidNext);
      messages.forEach((message, i) => {
        naive.messages.set(firstUid + i, { ...message, flags: new Set(it.flags) });
      });
      naive.uidNext += it.count;
      return open;
    }
    case 'deliver': {
      const message = {
        blob: newId(home.clock.now()),
        sizeBytes: 5,
        internalDate: 1,
        flags: { system: 0, keywords: [] },
      };
      await mailbox.commit((view) => ({ record: appendTo(view, [message], true).record, reply: undefined }));
      naive.messages.set(naive.uidNext++, { ...message, flags: new Set() });
      return open;
    }
    case 'flags': {
      const { changed } = await setFlags(open, it);
      const expected: number[] = [];
      for (const [uid, message] of naive.messages) {
        if (!it.uids.has(uid)) continue;
        const before = [...message.flags].sort().join();
        if (it.operation === 'replace') message.flags = new Set(it.flags);
        else for (const flag of it.flags) message.flags[it.operation === 'add' ? 'add' : 'delete'](flag);
        if ([...message.flags].sort().join() !== before) expected.push(uid);
      }
      expect([...changed]).toEqual(expected);
      return open;
    }
    case 'expunge': {
      const gone = await removeMessages(open, (view) => view.present(it.uids), 'expunge');
      const expected = [...naive.messages.keys()].filter((uid) => it.uids.has(uid));
      expect([...gone]).toEqual(expected);
      for (const uid of expected) {
        naive.kept.set(uid, naive.messages.get(uid) as Message);
        naive.messages.delete(uid);
      }
      return open;
    }
    case 'purge': {
      const gone = UidSet.of(...[...naive.kept.keys()].filter((uid) => it.uids.has(uid)));
      if (!gone.isEmpty) await mailbox.commit(() => ({ record: purgeRecord(gone), reply: undefined }));
      for (const uid of gone) naive.kept.delete(uid);
      return open;
    }
    case 'look at': {
      const { view } = await mailbox.refresh();
      const rows = await mailbox.cold(view, view.present(it.uids));
      for (const [uid, { blob }] of rows) expect(blob).toBe(naive.messages.get(uid)?.blob);
      return open;
    }
    case 'compact':
      await mailbox.compact();
      return open;
    case 'another process':
      return openIn(home.another(), open.account.user);
    case 'first process':
      return first;
    case 'wait':
      home.clock.advance(it.days * DAY_MS);
      return { ...open, store };
  }
}

async function compare(open: OpenMailbox, naive: Naive): Promise<void> {
  const { mailbox } = open;
  const { view, head } = await mailbox.refresh();
  const all = [...naive.messages];
  expect([...view.allUids()]).toEqual(all.map(([uid]) => uid));
  const count = (flag: string): number => all.filter(([, message]) => message.flags.has(flag)).length;
  expect(view.state).toMatchObject({
    uidNext: naive.uidNext,
    exists: all.length,
    unseen: all.length - count('\\Seen'),
    deleted: count('\\Deleted'),
    bytes: all.reduce((sum, [, { sizeBytes }]) => sum + sizeBytes, 0),
  });
  expect(head.seq).toBe(view.seq);
  expect(all.map((_, i) => view.uidAt(i + 1))).toEqual(all.map(([uid]) => uid));
  expect(all.map(([uid]) => view.sequenceOf(uid))).toEqual(all.map((_, i) => i + 1));
  expect(all.map(([uid]) => flagNames(view, view.bitsOf(uid) ?? 0n).sort())).toEqual(
    all.map(([, message]) => [...message.flags].sort()),
  );
  expect(all.filter(([uid]) => view.seqOf(uid) === 0)).toEqual([]);
  expect([view.uidAt(0), view.uidAt(all.length + 1)]).toEqual([undefined, undefined]);
  const every = Array.from({ length: naive.uidNext + 1 }, (_, i) => i + 1);
  let below = 0;
  const counts = every.map((uid) => (naive.messages.has(uid) ? below++ : below));
  expect(every.map((uid) => view.countBelow(uid))).toEqual(counts);
  const missing = every.filter((uid) => !naive.messages.has(uid));
  expect(missing.filter((uid) => view.has(uid) || view.sequenceOf(uid) !== 0)).toEqual([]);
  const rows = await mailbox.cold(view, view.allUids());
  expect([...rows].map(([uid, { blob, sizeBytes }]) => [uid, blob, sizeBytes])).toEqual(
    all.map(([uid, { blob, sizeBytes }]) => [uid, blob, sizeBytes]),
  );
  // What was expunged and may be brought back is still known (Rule 9).
  const kept = await mailbox.keptExpunged();
  const byUid = (a: readonly [number, Id], b: readonly [number, Id]): number => a[0] - b[0];
  expect(kept.map(({ uid, row }) => [uid, row.blob] as const).sort(byUid)).toEqual(
    [...naive.kept].map(([uid, { blob }]) => [uid, blob] as const).sort(byUid),
  );
}

async function play(commands: readonly Command[]): Promise<void> {
  const first = await newInbox(home);
  const naive: Naive = { uidNext: 1, messages: new Map(), kept: new Map() };
  let open = first;
  for (const one of commands) open = await perform(first, open, naive, one);
  await compare(open, naive);
  await compare(first, naive);
  await compare(await openIn(home.another(), first.account.user), naive);
  await first.mailbox.compact();
  await compare(await openIn(home.another(), first.account.user), naive);
  await compare(first, naive);
}

describe('a mailbox and a naive one', () => {
  it('show the same after any commands, compactions and changes of process', async () => {
    const property = fc.asyncProperty(fc.array(command, { maxLength: 40, size: 'max' }), play);
    await fc.assert(property, { numRuns: 150 });
  });

  it('show the same when blocks fill up and split', async () => {
    const full: Command[] = [700, 700, 300, 1, 1500].map((count) => ({ do: 'append', count, flags: ['\\Seen'] }));
    const holes = UidSet.fromRanges([
      [5, 900],
      [1020, 1030],
      [1400, 1701],
    ]);
    await play([...full, { do: 'expunge', uids: holes }, { do: 'append', count: 3, flags: [] }]);
    await play([...full.slice(0, 2), { do: 'compact' }, { do: 'another process' }, ...full.slice(2)]);
    await play([
      ...full,
      { do: 'compact' },
      { do: 'another process' },
      { do: 'expunge', uids: holes },
      { do: 'compact' },
    ]);
  });
});

describe('expunged messages', () => {
  it('are remembered for 60 days, then forgotten once their blobs may go (Rule 17)', async () => {
    const inbox = await newInbox(home);
    const naive: Naive = { uidNext: 1, messages: new Map(), kept: new Map() };
    const uid2 = UidSet.of(2);
    const run = async (...commands: Command[]): Promise<void> => {
      for (const one of commands) await perform(inbox, inbox, naive, one);
    };
    await run({ do: 'append', count: 3, flags: [] }, { do: 'expunge', uids: uid2 }, { do: 'purge', uids: uid2 });
    const { seq } = (await inbox.mailbox.refresh()).view;
    const known = async (): Promise<string> => {
      const fresh = await openIn(home.another(), inbox.account.user);
      const { view } = await fresh.mailbox.refresh();
      return [...chainItems(view.state.expunged)].map(({ uids: gone }) => gone.toString()).join(' ');
    };
    await run({ do: 'compact' }, { do: 'wait', days: EXPUNGED_KEEP_MS / DAY_MS - 1 });
    await run({ do: 'append', count: 1, flags: [] }, { do: 'compact' });
    expect(await known()).toBe('2');
    await run({ do: 'wait', days: 2 }, { do: 'append', count: 1, flags: [] }, { do: 'compact' });
    expect(await known()).toBe('');
    const { view } = await inbox.mailbox.refresh();
    expect(view.state.expungedKnownSince).toBe(seq - 1);
    expect(view.state.purged.isEmpty).toBe(true);
  });
});
