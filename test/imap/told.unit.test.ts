import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changesBetween } from '../../gateway/imap/changes.ts';
import { ListPattern } from '../../gateway/imap/list-pattern.ts';
import { modSeqOf, seqFrom, seqKnownAt } from '../../gateway/imap/mod-seq.ts';
import { Numbering } from '../../gateway/imap/numbering.ts';
import { BadSyntax } from '../../gateway/imap/wire/bad-syntax.ts';
import { type Id, newId } from '../../lib/base/ids.ts';
import { expungedSince } from '../../lib/store/expunged-since.ts';
import { appendRecord, expungeRecord, flagsRecord } from '../../lib/store/mailbox-records.ts';
import { emptyMailbox } from '../../lib/store/mailbox-snapshot.ts';
import { MailboxView } from '../../lib/store/mailbox-view.ts';
import type { RecordDraft } from '../../lib/store/record.ts';
import { UidSet } from '../../lib/store/uid-set.ts';

const nonce = Buffer.alloc(8);

function after(view: MailboxView, draft: RecordDraft): MailboxView {
  return view.apply({ ...draft, seq: view.seq + 1, timeMs: 0, nonce });
}

function withAppended(view: MailboxView, count: number): MailboxView {
  const messages = Array.from({ length: count }, () => ({
    blob: newId(0),
    sizeBytes: 1,
    internalDate: 0,
    flags: { system: 0, keywords: [] },
  }));
  return after(view, appendRecord({ firstUid: view.state.uidNext, newKeywords: [], messages, delivered: false }));
}

function withExpunged(view: MailboxView, uids: UidSet): MailboxView {
  return after(view, expungeRecord({ reason: 'expunge', uids, sizeBytes: 0, intent: undefined }));
}

function withSeen(view: MailboxView, uids: UidSet): MailboxView {
  const set = { system: 1, keywords: [] };
  return after(view, flagsRecord({ newKeywords: [], clear: { system: 0, keywords: [] }, set, uids }));
}

const empty = emptyMailbox('00'.repeat(16) as Id);
const steps = fc.array(
  fc.record({
    kind: fc.constantFrom('append', 'expunge', 'flags'),
    seed: fc.nat(),
    count: fc.integer({ min: 1, max: 700 }),
  }),
  { minLength: 1, maxLength: 12 },
);

function apply(view: MailboxView, { kind, seed, count }: { kind: string; seed: number; count: number }): MailboxView {
  if (kind === 'append') return withAppended(view, count);
  const uids = [...view.allUids()];
  const chosen = uids.filter((_, i) => (i * 7919 + seed) % 1000 < count % 300);
  if (chosen.length === 0) return view;
  return kind === 'expunge' ? withExpunged(view, UidSet.of(...chosen)) : withSeen(view, UidSet.of(...chosen));
}

describe('what a client is told', () => {
  test('changes between two views are what a comparison row by row finds', () => {
    fc.assert(
      fc.property(steps, steps, (first, then) => {
        const before = first.reduce(apply, withAppended(empty, 1500));
        const now = then.reduce(apply, before);
        const { gone, changed } = changesBetween(before, now);
        const all = [...before.allUids()];
        expect([...gone]).toEqual(all.filter((uid) => !now.has(uid)));
        const touched = all.filter((uid) => now.has(uid) && now.seqOf(uid) !== before.seqOf(uid));
        expect([...changed]).toEqual(touched);
        const told = changesBetween(before, now, (uid, was, is) => {
          expect([was, is]).toEqual([before.flagSetOf(uid), now.flagSetOf(uid)]);
          return uid % 3 === 0;
        });
        expect([...told.gone]).toEqual([...gone]);
        expect([...told.changed]).toEqual(touched.filter((uid) => uid % 3 !== 0));
      }),
      { numRuns: 20 },
    );
  });

  test('numbers and UIDs agree, with messages that could not be told to be gone', () => {
    fc.assert(
      fc.property(steps, steps, (first, then) => {
        const before = first.reduce(apply, withAppended(empty, 300));
        const now = then.reduce(apply, before);
        const { gone } = changesBetween(before, now);
        const numbering = new Numbering(now, gone);
        const counted = [...before.allUids().union(now.allUids())];
        expect(numbering.exists).toBe(counted.length);
        for (const [i, uid] of counted.entries()) {
          expect(numbering.sequenceOf(uid)).toBe(i + 1);
          expect(numbering.uidAt(i + 1)).toBe(uid);
        }
        expect([...numbering.bySequence([{ from: 1, to: '*' }])]).toEqual(counted);
        expect([...numbering.byUid([{ from: 1, to: '*' }])]).toEqual(counted);
        expect(numbering.uidAt(counted.length + 1)).toBeUndefined();
      }),
      { numRuns: 12 },
    );
  });

  test('sets: numbers of no message are an error, ranges to * are not', () => {
    const numbering = new Numbering(withAppended(empty, 3));
    expect(() => numbering.bySequence([{ from: 1, to: 4 }])).toThrow(BadSyntax);
    expect([...numbering.bySequence([{ from: 4, to: '*' }])]).toEqual([3]);
    expect([
      ...numbering.bySequence([
        { from: '*', to: '*' },
        { from: 2, to: 1 },
      ]),
    ]).toEqual([1, 2, 3]);
    expect([...numbering.byUid([{ from: 7, to: 9 }])]).toEqual([]);
    expect([...numbering.byUid([{ from: 7, to: '*' }])]).toEqual([3]);
    const none = new Numbering(empty);
    expect(none.bySequence([{ from: 1, to: '*' }]).isEmpty).toBe(true);
    expect(() => none.bySequence([{ from: 1, to: 1 }])).toThrow(BadSyntax);
  });

  test('expunges since a record; once forgotten, all that does not exist (Rule 17)', () => {
    const start = withAppended(empty, 10);
    const once = withExpunged(start, UidSet.of(2, 3));
    const twice = withExpunged(once, UidSet.of(9));
    expect([...expungedSince(twice, start.seq)]).toEqual([2, 3, 9]);
    expect([...expungedSince(twice, once.seq)]).toEqual([9]);
    expect(expungedSince(twice, twice.seq).isEmpty).toBe(true);
    const forgetful = new MailboxView({ ...twice.state, expunged: undefined, expungedKnownSince: twice.seq });
    expect([...expungedSince(forgetful, once.seq)]).toEqual([2, 3, 9]);
    expect(expungedSince(forgetful, twice.seq).isEmpty).toBe(true);
    expect(expungedSince(new MailboxView({ ...empty.state, expungedKnownSince: 1 }), 0).isEmpty).toBe(true);
  });

  test('modification sequences', () => {
    expect(modSeqOf(0)).toBe(1);
    expect(modSeqOf(3)).toBe(196_608);
    // A client that has seen 196607 knows record 2, not 3.
    const known = (modSeq: number): number[] => [2, 3, 4].filter((seq) => seq <= seqKnownAt(modSeq));
    expect([known(196_607), known(196_608), known(196_609)]).toEqual([[2], [2, 3], [2, 3]]);
    const from = (modSeq: number): number[] => [2, 3, 4].filter((seq) => seq >= seqFrom(modSeq));
    expect([from(196_607), from(196_608), from(196_609)]).toEqual([[3, 4], [3, 4], [4]]);
    expect(Number.isSafeInteger(modSeqOf(2 ** 37 - 1))).toBe(true);
  });
});

describe('patterns of LIST', () => {
  test.each([
    ['*', 'a/b/c', true],
    ['%', 'a', true],
    ['%', 'a/b', false],
    ['a/%', 'a/b', true],
    ['a/%', 'a/b/c', false],
    ['a/%/c', 'a/b/c', true],
    ['%/%', 'a/b', true],
    ['a*', 'a', true],
    ['a%b', 'ab', true],
    ['*%', 'a/b', true],
    ['inbox', 'INBOX', true],
    ['In*', 'INBOX', true],
    ['inbox/x', 'INBOX/x', true],
    ['a', 'A', false],
    ['', 'a', false],
  ])('%s %s %s', (pattern, name, expected) => {
    expect(new ListPattern(pattern).matches(name)).toBe(expected);
  });

  test('a pattern made to be slow is not', () => {
    const started = performance.now();
    expect(new ListPattern('*a'.repeat(500)).matches('a'.repeat(490))).toBe(false);
    expect(new ListPattern('%a*'.repeat(300)).matches(`${'ab'.repeat(245)}`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
