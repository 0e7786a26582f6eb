import { describe, expect, it } from 'vitest';
import { StructureParser } from '../../lib/message/structure.ts';
import { summarize } from '../../lib/message/summary.ts';
import { collationKey } from '../../lib/search/collation.ts';
import { gistOf } from '../../lib/search/gist.ts';
import { atOnce, inSlices, sorted } from '../../lib/search/slices.ts';
import { type Criterion, sortMessages as sortSliced } from '../../lib/search/sort.ts';
import { type SortableMessage, sortablesOf } from '../support/sortables.ts';

const sortMessages = (messages: readonly SortableMessage[], criteria: readonly Criterion[]): number[] =>
  atOnce(sortSliced(sortablesOf(messages), criteria));

function message(uid: number, header: string): SortableMessage {
  const parser = new StructureParser();
  parser.feed(Buffer.from(`${header.replaceAll('\n', '\r\n')}\r\n\r\nx`));
  return { uid, internalDate: 1000 + uid, sizeBytes: 100 - uid, gist: gistOf(summarize(parser.finish())) };
}

describe('collation', () => {
  it.each([
    ['case does not count', 'abc', 'ABC', 0],
    ['composed and decomposed are one', 'caf\u00e9', 'CAFE\u0301', 0],
    ['"_" is after letters, as in upper case', 'a_', 'az', 1],
    ['titlecase of a digraph', '\u01c4', '\u01c6', 0],
    ['code points, not UTF-16 units: U+FFFD before U+1F600', '\ufffd', '\u{1f600}', -1],
    ['what has no single upper case stays', '\u00df', 'SS', 1],
  ])('%s', (_, a, b, expected) => {
    const [left, right] = [collationKey(a), collationKey(b)];
    expect(left === right ? 0 : left < right ? -1 : 1).toBe(expected);
  });
});

describe('sort', () => {
  const messages = [
    message(
      1,
      'From: Zoe <a@x.org>\nTo: =?utf-8?q?=C3=84nne?= <z@x.org>\nSubject: Re: beta\nDate: Mon, 2 Jan 2023 10:00:00 +0000',
    ),
    message(2, 'From: b@x.org\nTo: "Mia" <m@x.org>\nSubject: [list] Alpha (fwd)\nDate: Mon, 2 Jan 2023 10:00:00 +0200'),
    message(3, 'From: Adam <c@x.org>\nCc: k@x.org\nSubject: beta'),
  ];

  it.each([
    ['ARRIVAL', [1, 2, 3]],
    ['SIZE', [3, 2, 1]],
    ['FROM', [1, 2, 3]],
    ['DISPLAYFROM', [3, 2, 1]],
    ['TO', [3, 2, 1]],
    ['DISPLAYTO', [3, 1, 2]],
    ['CC', [1, 2, 3]],
    ['SUBJECT', [2, 1, 3]],
    // RFC 5256 §2.2: without a Date it is the time of arrival.
    ['DATE', [3, 2, 1]],
  ] as const)('%s', (by, expected) => {
    expect(sortMessages(messages, [{ by, reverse: false }])).toEqual(expected);
  });

  it('reverse turns one key, not the ties (RFC 5256 §3)', () => {
    expect(sortMessages(messages, [{ by: 'SUBJECT', reverse: true }])).toEqual([1, 3, 2]);
  });

  it('later keys decide what earlier ones leave open', () => {
    const criteria = [
      { by: 'SUBJECT', reverse: false },
      { by: 'DATE', reverse: false },
    ] as const;
    expect(sortMessages(messages, criteria)).toEqual([2, 3, 1]);
  });
});

describe('slices', () => {
  it('many items are put in order as few are: ties stay as they are', async () => {
    const items = Array.from({ length: 10_000 }, (_, i) => ({ key: (i * 7919) % 97, i }));
    const compare = (a: { key: number }, b: { key: number }): number => a.key - b.key;
    let turns = 0;
    const found = await inSlices(sorted(items, compare), async () => void turns++);
    expect(found).toEqual([...items].sort(compare));
  });

  it('others run while a long sort goes on', async () => {
    const items = Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 100_003);
    const steps = [...sorted(items, (a, b) => a - b)].length;
    expect(steps).toBeGreaterThan(100);
  });
});
