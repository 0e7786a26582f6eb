import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { threaded } from '../../gateway/imap/wire/write/thread.ts';
import { imapLimits } from '../../lib/base/limits.ts';
import type { ThreadLimits } from '../../lib/search/links.ts';
import { atOnce } from '../../lib/search/slices.ts';
import type { Sortables } from '../../lib/search/sortables.ts';
import { type ThreadAlgorithm, threadMessages } from '../../lib/search/thread.ts';
import { sortablesOf } from '../support/sortables.ts';

interface Given {
  readonly id?: string;
  readonly refs?: string;
  readonly subject?: string;
  readonly reply?: boolean;
  readonly date?: number;
  readonly arrived?: number;
}

function sortables(given: readonly Given[]): Sortables {
  return sortablesOf(
    given.map(({ id, refs = '', subject = '', reply = false, date, arrived }, i) => ({
      uid: i + 1,
      internalDate: arrived ?? i,
      sizeBytes: 0,
      gist: {
        ...{ subject, isReplyOrForward: reply, from: '', to: '', cc: '', displayFrom: '', displayTo: '' },
        sentDate: date ?? i,
        sentDay: undefined,
        texts: { bcc: '', cc: '', from: '', subject: '', to: '' },
        messageId: id,
        references: refs.split(' ').filter((one) => one !== ''),
      },
    })),
  );
}

function threads(
  given: readonly Given[],
  algorithm: ThreadAlgorithm = 'REFERENCES',
  limits: Partial<ThreadLimits> = {},
): string {
  const found = atOnce(threadMessages(sortables(given), algorithm, { ...imapLimits, ...limits }));
  const text = [...threaded(found, (uid) => uid)].join('');
  return text.replace(/^\* THREAD ?/, '').trimEnd();
}

describe('REFERENCES', () => {
  it.each<[string, Given[], string]>([
    ['nothing', [], ''],
    ['a chain', [{ id: 'a' }, { id: 'b', refs: 'a' }, { id: 'c', refs: 'a b' }], '(1 2 3)'],
    ['replies to one', [{ id: 'a' }, { refs: 'a' }, { refs: 'a' }], '(1 (2)(3))'],
    ['the last reference is the parent', [{ id: 'a' }, { id: 'b' }, { id: 'c', refs: 'a b' }], '(1 2 3)'],
    ['a missing parent of two', [{ refs: 'x' }, { refs: 'x' }], '((1)(2))'],
    ['a missing parent of one', [{ id: 'a', refs: 'x y' }], '(1)'],
    ['a missing one in the middle', [{ id: 'a' }, { refs: 'a x' }, { refs: 'a x' }], '(1 (2)(3))'],
    [
      'a loop',
      [
        { id: 'a', refs: 'b' },
        { id: 'b', refs: 'a' },
      ],
      '(2 1)',
    ],
    ['itself', [{ id: 'a', refs: 'a' }], '(1)'],
    ['one id twice', [{ id: 'a' }, { id: 'a', refs: 'b' }, { id: 'b' }, { refs: 'a' }], '(1 4)(3 2)'],
    [
      'own references overrule those of others',
      [{ id: 'b', refs: 'c' }, { id: 'c' }, { refs: 'a b' }, { id: 'a' }],
      '(2 1 3)(4)',
    ],
    ['siblings by sent date', [{ id: 'a' }, { refs: 'a', date: 9 }, { refs: 'a', date: 5 }], '(1 (3)(2))'],
    ['threads by sent date', [{ date: 3 }, { date: 1 }, { date: 2 }], '(2)(3)(1)'],
    ['one subject, one a reply', [{ subject: 'S', reply: true }, { subject: 'S' }], '(2 1)'],
    ['one subject, no reply', [{ subject: 'S' }, { subject: 'S' }, { subject: 'S' }], '((1)(2)(3))'],
    [
      'one subject, both replies',
      [
        { subject: 'S', reply: true },
        { subject: 'S', reply: true },
      ],
      '((1)(2))',
    ],
    ['a dummy of the subject', [{ refs: 'x', subject: 'S' }, { refs: 'x' }, { subject: 'S' }], '((1)(2)(3))'],
    [
      'two dummies',
      [{ refs: 'x', subject: 'S' }, { refs: 'x' }, { refs: 'y', subject: 'S' }, { refs: 'y' }],
      '((1)(2)(3)(4))',
    ],
    ['no subject joins nothing', [{}, {}], '(1)(2)'],
  ])('%s', (_, given, expected) => expect(threads(given)).toBe(expected));
});

describe('REFS', () => {
  it('leaves subjects alone, and goes by the newest arrival', () => {
    const given = [{ id: 'a', subject: 'S' }, { subject: 'S' }, { refs: 'a', arrived: 10 }];
    expect(threads(given, 'REFS')).toBe('(2)(1 3)');
  });
});

describe('ORDEREDSUBJECT', () => {
  it('the oldest of a subject is the parent of all others', () => {
    const given = [{ subject: 'B' }, { subject: 'A', date: 7 }, { subject: 'B', date: 9 }, { subject: 'B', date: 8 }];
    expect(threads(given, 'ORDEREDSUBJECT')).toBe('(1 (4)(3))(2)');
  });
});

describe('any references', () => {
  const ids = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
  const given = fc.record({
    id: fc.option(ids, { nil: undefined }),
    refs: fc.array(ids, { maxLength: 5 }).map((refs) => refs.join(' ')),
    subject: fc.constantFrom('', 'S', 'T'),
    reply: fc.boolean(),
    date: fc.nat(9),
  });

  it.each(['REFERENCES', 'REFS', 'ORDEREDSUBJECT'] as const)('%s has every message once', (algorithm) => {
    fc.assert(
      fc.property(fc.array(given, { maxLength: 20 }), (messages) => {
        const found = [...threads(messages as Given[], algorithm).matchAll(/\d+/g)].map(([uid]) => Number(uid));
        expect(found.sort((a, b) => a - b)).toEqual(messages.map((_, i) => i + 1));
      }),
    );
  });

  it('ids of messages that are not there join others up to a limit (threadDummies)', () => {
    const given = ['a', 'a', 'b', 'b'].map((refs, i) => ({ id: `${i}`, refs, subject: `${i}` }));
    expect(threads(given)).toBe('((1)(2))((3)(4))');
    expect(threads(given, 'REFERENCES', { threadDummies: 1 })).toBe('((1)(2))(3)(4)');
  });

  it('a place deeper than the limit is taken for a loop (threadAncestors)', () => {
    const pairs = [['a'], ['b', 'a'], ['c', 'b'], ['d', 'c'], ['f', 'e'], ['e', 'd']];
    const given = pairs.map(([id, refs], i) => ({ ...(id && { id }), ...(refs && { refs }), subject: `${i}` }));
    expect(threads(given)).toBe('(1 2 3 4 6 5)');
    expect(threads(given, 'REFERENCES', { threadAncestors: 3 })).toBe('(1 2 3 4)(6 5)');
  });

  it('a thread as deep as it can be, from both ends, and a hostile one', () => {
    const count = 8000;
    const down = Array.from({ length: count }, (_, i) => ({ id: `${i}`, refs: `${i - 1}` }));
    const up = Array.from({ length: count }, (_, i) => ({ id: `${count - i}`, refs: `${count - i - 1}` }));
    const wide = Array.from({ length: 1000 }, (_, i) => ({
      id: `${i}`,
      refs: Array.from({ length: 200 }, (_, k) => `${(i * 7919 + k * 104_729) % 1_000_003}`).join(' '),
    }));
    expect(threads(down).split(' ').length).toBe(count);
    expect(threads(up).split(' ').length).toBe(count);
    expect(threads(wide).match(/\d+/g)).toHaveLength(1000);
  });
});
