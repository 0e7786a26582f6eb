import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Framer } from '../../../gateway/imap/wire/framer.ts';
import { LIMITS_AFTER_LOGIN } from '../../../gateway/imap/wire/limits.ts';
import { dateTime as readDateTime } from '../../../gateway/imap/wire/read/date.ts';
import { mailbox as readMailbox } from '../../../gateway/imap/wire/read/mailbox.ts';
import { Reader } from '../../../gateway/imap/wire/read/reader.ts';
import { sequenceSet as readSet } from '../../../gateway/imap/wire/read/sequence-set.ts';
import {
  astring as readAstring,
  nstring as readNstring,
  string as readString,
} from '../../../gateway/imap/wire/read/text.ts';
import { resolveSet } from '../../../gateway/imap/wire/sequence-set.ts';
import { binarySectionName, bodySectionName, literalHead } from '../../../gateway/imap/wire/write/fetch.ts';
import {
  condition,
  continuation,
  id,
  listed,
  namespaces,
  numbered,
  status,
  vanished,
} from '../../../gateway/imap/wire/write/response.ts';
import {
  appendUid,
  badCharset,
  copyUid,
  modified,
  numberCode,
  permanentFlags,
} from '../../../gateway/imap/wire/write/response-code.ts';
import { esearch, searched } from '../../../gateway/imap/wire/write/search.ts';
import { formatRanges, formatSet } from '../../../gateway/imap/wire/write/sequence-set.ts';
import { astring, dateTime, mailbox, nstring, string } from '../../../gateway/imap/wire/write/text.ts';
import { mailboxName, sequenceSet } from './arbitrary-command.ts';
import { formatSequenceSet } from './write-command.ts';

const rev1 = { utf8: false };
const rev2 = { utf8: true };
const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0') && value.isWellFormed());

/** Reads one production from what a writer wrote, as the other side of a connection would. */
function read<T>(written: string, production: (reader: Reader) => T, dialect = rev1): T {
  const framer = new Framer(LIMITS_AFTER_LOGIN);
  framer.push(Buffer.from(`${written}\r\n`, 'utf8'));
  for (let event = framer.next(); event !== null; event = framer.next()) {
    if (event.kind !== 'command') continue;
    const reader = new Reader(event.frame, dialect);
    const value = production(reader);
    reader.end();
    return value;
  }
  throw new Error('nothing was written whole');
}

describe('texts', () => {
  it.each([
    ['', '""'],
    ['plain', '"plain"'],
    ['a "b" \\', '"a \\"b\\" \\\\"'],
    ['tab\there', '"tab\there"'],
    ['two\r\nlines', '{10}\r\ntwo\r\nlines'],
    ['é', '{2}\r\né'],
    ['n\0ul', '{3}\r\nnul'],
    ['x'.repeat(1001), `{1001}\r\n${'x'.repeat(1001)}`],
  ])('string %j', (value, wire) => {
    expect(string(value, rev1)).toBe(wire);
  });

  it('8-bit text may be quoted in IMAP4rev2', () => {
    expect(string('é', rev2)).toBe('"é"');
    expect(string('é\r', rev2)).toBe('{3}\r\né\r');
  });

  it.each([
    ['INBOX', 'INBOX'],
    ['', '""'],
    ['nil', '"nil"'],
    ['a b', '"a b"'],
    ['a]', 'a]'],
    ['50%', '"50%"'],
  ])('astring %j', (value, wire) => {
    expect(astring(value, rev1)).toBe(wire);
  });

  it.each([
    [0, '" 1-Jan-1970 00:00:00 +0000"'],
    [Date.UTC(1994, 1, 8, 5, 52, 25), '" 8-Feb-1994 05:52:25 +0000"'],
    [Date.UTC(2026, 11, 31, 23, 59, 59, 999), '"31-Dec-2026 23:59:59 +0000"'],
  ])('date-time %d', (ms, wire) => {
    expect(dateTime(ms)).toBe(wire);
  });

  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(text, fc.constantFrom(rev1, rev2), (value, dialect) => {
        expect(read(string(value, dialect), readString, dialect)).toBe(value);
        expect(read(astring(value, dialect), readAstring, dialect)).toBe(value);
        expect(read(nstring(value, dialect), readNstring, dialect)).toBe(value);
      }),
    );
    expect(read(nstring(undefined, rev1), readNstring)).toBeNull();
    fc.assert(
      fc.property(mailboxName, fc.constantFrom(rev1, rev2), (name, dialect) => {
        expect(read(mailbox(name, dialect), readMailbox, dialect)).toBe(name);
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }), (seconds) => {
        expect(read(dateTime(seconds * 1000), readDateTime)).toBe(seconds * 1000);
      }),
    );
  });
});

describe('sets', () => {
  it.each([
    [[], ''],
    [[7], '7'],
    [[1, 2, 3, 7, 9, 10], '1:3,7,9:10'],
    [[4294967294, 4294967295], '4294967294:4294967295'],
  ])('%j', (numbers, wire) => {
    expect(formatSet(numbers)).toBe(wire);
  });

  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(sequenceSet, (set) => {
        expect(read(formatSequenceSet(set), readSet)).toEqual(set);
      }),
    );
  });

  it('resolves to what the ranges say, number by number', () => {
    const bound = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constant('*' as const));
    fc.assert(
      fc.property(fc.array(fc.record({ from: bound, to: bound }), { maxLength: 6 }), fc.nat(25), (set, largest) => {
        const ranges = resolveSet(set, largest);
        for (let value = 1; value <= 31; value++) {
          const said = set.some(({ from, to }) => {
            const ends = [from, to].map((end) => (end === '*' ? largest : end));
            return Math.min(...ends) > 0 && value >= Math.min(...ends) && value <= Math.max(...ends);
          });
          expect(ranges.some(({ from, to }) => from <= value && value <= to)).toBe(said);
        }
        for (const [i, range] of ranges.entries()) expect(range.from).toBeGreaterThan((ranges[i - 1]?.to ?? -1) + 1);
      }),
    );
    expect(
      formatRanges(
        resolveSet(
          [
            { from: 5, to: '*' },
            { from: 4, to: 2 },
          ],
          3,
        ),
      ),
    ).toBe('2:5');
  });
});

describe('responses', () => {
  it.each([
    [condition('a1', 'OK', null, 'done'), 'a1 OK done\r\n'],
    [condition(null, 'BYE', 'UNAVAILABLE', 'two\r\nlines'), '* BYE [UNAVAILABLE] two lines\r\n'],
    [continuation('idling'), '+ idling\r\n'],
    [numbered(23, 'EXISTS'), '* 23 EXISTS\r\n'],
    [
      vanished(
        [
          { from: 300, to: 310 },
          { from: 405, to: 405 },
        ],
        true,
      ),
      '* VANISHED (EARLIER) 300:310,405\r\n',
    ],
    [vanished([], false), ''],
    [listed('LIST', { attributes: ['\\Noselect'], delimiter: '/', name: '' }, rev1), '* LIST (\\Noselect) "/" ""\r\n'],
    [listed('LSUB', { attributes: [], delimiter: null, name: '台北' }, rev1), '* LSUB () NIL &U,BTFw-\r\n'],
    [listed('LIST', { attributes: [], delimiter: '/', name: '台北' }, rev2), '* LIST () "/" "台北"\r\n'],
    [
      listed('LIST', { attributes: [], delimiter: '/', name: 'Foo', childInfo: ['SUBSCRIBED'], oldName: 'foo' }, rev1),
      '* LIST () "/" Foo ("CHILDINFO" ("SUBSCRIBED") "OLDNAME" (foo))\r\n',
    ],
    [
      status(
        'blurdybloop',
        [
          ['MESSAGES', 231],
          ['UIDNEXT', 44292],
        ],
        rev1,
      ),
      '* STATUS blurdybloop (MESSAGES 231 UIDNEXT 44292)\r\n',
    ],
    [
      namespaces([[{ prefix: '', delimiter: '/' }], [{ prefix: '~', delimiter: '/' }], []], rev1),
      '* NAMESPACE (("" "/")) (("~" "/")) NIL\r\n',
    ],
    [namespaces([[{ prefix: 'INBOX.', delimiter: '.' }], [], []], rev1), '* NAMESPACE (("INBOX." ".")) NIL NIL\r\n'],
    [
      id(
        [
          ['name', 'Cirrus'],
          ['os', null],
        ],
        rev1,
      ),
      '* ID ("name" "Cirrus" "os" NIL)\r\n',
    ],
    [id([], rev1), '* ID NIL\r\n'],
    [searched('SEARCH', [2, 84, 882], null), '* SEARCH 2 84 882\r\n'],
    [searched('SEARCH', [2, 5], 917162500), '* SEARCH 2 5 (MODSEQ 917162500)\r\n'],
    [searched('SEARCH', [], 17), '* SEARCH\r\n'],
    [
      esearch({ tag: 'A282', uid: true, min: 2, count: 3, all: [{ from: 2, to: 4 }], modSeq: 7 }, rev1),
      '* ESEARCH (TAG "A282") UID MIN 2 COUNT 3 ALL 2:4 MODSEQ 7\r\n',
    ],
    [esearch({ tag: 'A283', uid: false, all: [] }, rev1), '* ESEARCH (TAG "A283")\r\n'],
    [numberCode('UIDVALIDITY', 3857529045), 'UIDVALIDITY 3857529045'],
    [permanentFlags(['\\Deleted', '\\*']), 'PERMANENTFLAGS (\\Deleted \\*)'],
    [appendUid(38505, [{ from: 3955, to: 3955 }]), 'APPENDUID 38505 3955'],
    [
      copyUid(
        38505,
        [
          { from: 304, to: 304 },
          { from: 319, to: 320 },
        ],
        [{ from: 3956, to: 3958 }],
      ),
      'COPYUID 38505 304,319:320 3956:3958',
    ],
    [
      modified([
        { from: 7, to: 7 },
        { from: 9, to: 9 },
      ]),
      'MODIFIED 7,9',
    ],
    [badCharset(['US-ASCII', 'UTF-8']), 'BADCHARSET (US-ASCII UTF-8)'],
    [bodySectionName({ part: [], text: { kind: 'all' } }, null, rev1), 'BODY[]'],
    [
      bodySectionName(
        { part: [4, 2], text: { kind: 'fields', names: ['Date', 'a b'] } },
        { offset: 5, count: 9 },
        rev1,
      ),
      'BODY[4.2.HEADER.FIELDS (Date "a b")]<5>',
    ],
    [bodySectionName({ part: [1], text: { kind: 'mime' } }, null, rev1), 'BODY[1.MIME]'],
    [binarySectionName('BINARY', [1, 2], { offset: 0, count: 1 }), 'BINARY[1.2]<0>'],
    [literalHead(42), '{42}\r\n'],
    [literalHead(42, true), '~{42}\r\n'],
  ])('%j', (written, wire) => {
    expect(written).toBe(wire);
  });
});
