import { describe, expect, it } from 'vitest';
import { BadSyntax } from '../../../gateway/imap/wire/bad-syntax.ts';
import type { ImapCommand } from '../../../gateway/imap/wire/commands.ts';
import { parseCommand } from '../../../gateway/imap/wire/parse-command.ts';
import { frameOf } from './frames.ts';

const one = (from: number, to: number | '*' = from) => ({ from, to });
const flag = (name: string) => ({ key: 'flag', flag: name });
const since = (year: number, month: number, day: number) => ({
  key: 'since',
  of: 'internal',
  date: { year, month, day },
});
const contains = (field: string, value: string) => ({ key: 'contains', field, value: Buffer.from(value) });
const fetch = { name: 'FETCH', uid: false, changedSince: null, vanished: false, partial: null };
const store = { name: 'STORE', uid: false, unchangedSince: null, mode: 'add', silent: false, annotations: null };
const body = (text: object, rest: object = {}) => ({
  item: 'BODY[]',
  peek: false,
  section: { part: [], text },
  partial: null,
  ...rest,
});

/** The examples of the RFCs, and the shapes real clients send. */
const examples: readonly (readonly [section: string, wire: string, command: object])[] = [
  ['RFC 9051 §6.1.1', 'abcd CAPABILITY', { name: 'CAPABILITY' }],
  ['RFC 9051 §6.2.3', 'a001 LOGIN SMITH SESAME', { name: 'LOGIN', user: 'SMITH', password: 'SESAME' }],
  [
    'RFC 9051 §4.3',
    'A001 LOGIN {11+}\r\nFRED FOOBAR {7+}\r\nfat man',
    { name: 'LOGIN', user: 'FRED FOOBAR', password: 'fat man' },
  ],
  [
    'RFC 4959 §5',
    'A02 AUTHENTICATE PLAIN dGVzdAB0ZXN0AHRlc3Q=',
    { name: 'AUTHENTICATE', mechanism: 'PLAIN', initialResponse: Buffer.from('test\0test\0test') },
  ],
  [
    'RFC 4959 §3',
    'A AUTHENTICATE EXTERNAL =',
    { name: 'AUTHENTICATE', mechanism: 'EXTERNAL', initialResponse: Buffer.alloc(0) },
  ],
  ['RFC 9051 §6.2.2', 'A authenticate plain', { name: 'AUTHENTICATE', mechanism: 'PLAIN', initialResponse: null }],
  [
    'RFC 2971 §3.1',
    'a023 ID ("name" "sodr" "version" "19.34" "vendor" NIL)',
    {
      name: 'ID',
      params: [
        ['name', 'sodr'],
        ['version', '19.34'],
        ['vendor', null],
      ],
    },
  ],
  ['RFC 5255 §4.10', 'C COMPARATOR cbor -# "-# b" i;*', { name: 'COMPARATOR', orders: ['cbor', '-#', '-# b', 'i;*'] }],
  ['RFC 2971 §3.1', 'a042 ID NIL', { name: 'ID', params: [] }],
  ['RFC 7162 §3.2.5', 'A02 ENABLE QRESYNC x-good', { name: 'ENABLE', capabilities: ['QRESYNC', 'X-GOOD'] }],
  [
    'RFC 3501 §5.1.3',
    'A SELECT ~peter/mail/&U,BTFw-/&ZeVnLIqe-',
    { name: 'SELECT', mailbox: '~peter/mail/台北/日本語', condstore: false, qresync: null, annotate: false },
  ],
  [
    'RFC 9051 §5.1',
    'A EXAMINE "iNbOx"',
    { name: 'EXAMINE', mailbox: 'INBOX', condstore: false, qresync: null, annotate: false },
  ],
  [
    'RFC 7162 §3.1.8',
    'A04 SELECT INBOX (CONDSTORE)',
    { name: 'SELECT', mailbox: 'INBOX', condstore: true, qresync: null, annotate: false },
  ],
  [
    'RFC 7162 §3.2.5.2',
    'B04 SELECT INBOX (QRESYNC (67890007 90060115194045000 41:211,214:541 (1,3:5 2,4:6)))',
    {
      name: 'SELECT',
      mailbox: 'INBOX',
      condstore: false,
      annotate: false,
      qresync: {
        uidValidity: 67890007,
        // Above 2^53 - 1 a modification sequence is the largest there is.
        modSeq: Number.MAX_SAFE_INTEGER,
        knownUids: [one(41, 211), one(214, 541)],
        match: { sequence: [one(1), one(3, 5)], uids: [one(2), one(4, 6)] },
      },
    },
  ],
  [
    'RFC 7162 §3.2.5.2',
    'a SELECT INBOX (QRESYNC (67890007 20050715194045000 (1 2)) CONDSTORE)',
    {
      name: 'SELECT',
      mailbox: 'INBOX',
      condstore: true,
      annotate: false,
      qresync: {
        uidValidity: 67890007,
        modSeq: Number.MAX_SAFE_INTEGER,
        knownUids: null,
        match: { sequence: [one(1)], uids: [one(2)] },
      },
    },
  ],
  [
    'RFC 6154 §5.2',
    't2 CREATE MySpecial (USE (\\Drafts \\Sent))',
    { name: 'CREATE', mailbox: 'MySpecial', use: ['\\Drafts', '\\Sent'] },
  ],
  ['RFC 9051 §6.3.6', 'Z433 RENAME INBOX old-mail', { name: 'RENAME', from: 'INBOX', to: 'old-mail' }],
  [
    'RFC 9051 §6.3.9',
    'A202 LIST ~/Mail/ %',
    { name: 'LIST', select: [], reference: '~/Mail/', patterns: ['%'], returns: [], status: null, extended: false },
  ],
  [
    'RFC 9051 §6.3.9',
    'A04 LIST (SUBSCRIBED RECURSIVEMATCH) "" ("INBOX" "Drafts" "Sent/%") RETURN (CHILDREN STATUS (MESSAGES UNSEEN) SPECIAL-USE)',
    {
      name: 'LIST',
      select: ['SUBSCRIBED', 'RECURSIVEMATCH'],
      reference: '',
      patterns: ['INBOX', 'Drafts', 'Sent/%'],
      returns: ['CHILDREN', 'SPECIAL-USE'],
      status: ['MESSAGES', 'UNSEEN'],
      extended: true,
    },
  ],
  [
    'RFC 3501 §6.3.9',
    'A002 LSUB "#news." "comp.mail.*"',
    { name: 'LSUB', reference: '#news.', pattern: 'comp.mail.*', remote: false },
  ],
  // A wildcard within what modified UTF-7 encodes.
  [
    'RFC 3501 §6.3.8',
    'A003 LSUB &ZeV "&ZeV*"',
    { name: 'LSUB', reference: { spelled: '&ZeV' }, pattern: { spelled: '&ZeV*' }, remote: false },
  ],
  ['RFC 4315 §2.1', 'A101 UID EXPUNGE 3000:3002', { name: 'EXPUNGE', uids: [one(3000, 3002)] }],
  ['RFC 3501 §6.4.3', 'A202 EXPUNGE', { name: 'EXPUNGE', uids: null }],
  [
    'RFC 9051 §6.4.4',
    'A282 SEARCH RETURN (MIN COUNT) FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"',
    {
      name: 'SEARCH',
      uid: false,
      returns: ['MIN', 'COUNT'],
      charset: null,
      key: {
        key: 'and',
        keys: [flag('\\Flagged'), since(1994, 2, 1), { key: 'not', inner: contains('from', 'Smith') }],
      },
    },
  ],
  [
    'RFC 9051 §6.4.4',
    'A283 SEARCH RETURN () TEXT "string not in mailbox"',
    { name: 'SEARCH', uid: false, returns: ['ALL'], charset: null, key: contains('text', 'string not in mailbox') },
  ],
  [
    'RFC 9051 §6.4.4',
    'A284 SEARCH CHARSET UTF-8 TEXT {6+}\r\nмат',
    { name: 'SEARCH', uid: false, returns: null, charset: 'UTF-8', key: contains('text', 'мат') },
  ],
  [
    'RFC 5182 §2.1',
    'B UID SEARCH OR $ 1,3000:3021',
    {
      name: 'SEARCH',
      uid: true,
      returns: null,
      charset: null,
      key: {
        key: 'or',
        left: { key: 'sequence', set: '$' },
        right: { key: 'sequence', set: [one(1), one(3000, 3021)] },
      },
    },
  ],
  [
    'RFC 7162 §3.1.5',
    'a SEARCH MODSEQ "/flags/\\\\draft" all 620162338',
    { name: 'SEARCH', uid: false, returns: null, charset: null, key: { key: 'modseq', atLeast: 620162338 } },
  ],
  [
    'RFC 3501 §6.4.4',
    'a SEARCH NEW (UNSEEN UNKEYWORD Junk) SENTON "24-Dec-2002" HEADER X-Spam "" ',
    {
      name: 'SEARCH',
      uid: false,
      returns: null,
      charset: null,
      key: {
        key: 'and',
        keys: [
          { key: 'and', keys: [flag('\\Recent'), { key: 'not', inner: flag('\\Seen') }] },
          {
            key: 'and',
            keys: [
              { key: 'not', inner: flag('\\Seen') },
              { key: 'not', inner: { key: 'keyword', keyword: 'Junk' } },
            ],
          },
          { key: 'on', of: 'sent', date: { year: 2002, month: 12, day: 24 } },
          { key: 'header', field: 'X-Spam', value: Buffer.alloc(0) },
        ],
      },
    },
  ],
  [
    'RFC 9051 §6.4.5',
    'A654 FETCH 2:4 (FLAGS BODY[HEADER.FIELDS (DATE FROM)])',
    { ...fetch, set: [one(2, 4)], items: [{ item: 'FLAGS' }, body({ kind: 'fields', names: ['DATE', 'FROM'] })] },
  ],
  [
    'RFC 9051 §6.4.5.1',
    'a fetch * body.peek[4.2.header.fields.not (a)]<0.2048>',
    {
      ...fetch,
      set: [{ from: '*', to: '*' }],
      items: [
        body(
          { kind: 'fields-not', names: ['a'] },
          {
            peek: true,
            section: { part: [4, 2], text: { kind: 'fields-not', names: ['a'] } },
            partial: { offset: 0, count: 2048 },
          },
        ),
      ],
    },
  ],
  [
    'RFC 9051 §6.4.5.1',
    'a FETCH 1 BODY[1.MIME]',
    { ...fetch, set: [one(1)], items: [body({}, { section: { part: [1], text: { kind: 'mime' } } })] },
  ],
  [
    'RFC 9051 §6.4.5',
    'a FETCH 1 FAST',
    { ...fetch, set: [one(1)], items: [{ item: 'FLAGS' }, { item: 'INTERNALDATE' }, { item: 'RFC822.SIZE' }] },
  ],
  ['RFC 9051 §6.4.5', 'a FETCH 1 BODY', { ...fetch, set: [one(1)], items: [{ item: 'BODY' }] }],
  [
    'RFC 3516 §4.3',
    'a FETCH 1 (BINARY.PEEK[2]<1.5> BINARY.SIZE[] BINARY[])',
    {
      ...fetch,
      set: [one(1)],
      items: [
        { item: 'BINARY[]', peek: true, part: [2], partial: { offset: 1, count: 5 } },
        { item: 'BINARY.SIZE[]', part: [] },
        { item: 'BINARY[]', peek: false, part: [], partial: null },
      ],
    },
  ],
  [
    'RFC 7162 §3.2.6',
    's100 UID FETCH 300:500 (FLAGS) (CHANGEDSINCE 12345 VANISHED)',
    { ...fetch, uid: true, set: [one(300, 500)], items: [{ item: 'FLAGS' }], changedSince: 12345, vanished: true },
  ],
  [
    'RFC 7162 §3.1.3',
    'a103 UID STORE 6,4,8 (UNCHANGEDSINCE 12121230045) +FLAGS.SILENT (\\Deleted)',
    {
      ...store,
      uid: true,
      set: [one(6), one(4), one(8)],
      unchangedSince: 12121230045,
      silent: true,
      flags: ['\\Deleted'],
    },
  ],
  [
    'Quirk (imapflow 2.0)',
    'a UID STORE 6 +FLAGS ($Work) (UNCHANGEDSINCE 12)',
    { ...store, uid: true, set: [one(6)], unchangedSince: 12, flags: ['$Work'] },
  ],
  [
    'RFC 9051 §6.4.6',
    'A003 STORE 2:4 -FLAGS \\SEEN $Forwarded',
    { ...store, set: [one(2, 4)], mode: 'remove', flags: ['\\Seen', '$Forwarded'] },
  ],
  ['RFC 9051 §6.4.7', 'A003 COPY 2:4 MEETING', { name: 'COPY', uid: false, set: [one(2, 4)], mailbox: 'MEETING' }],
  ['RFC 6851 §3.3', 'a UID MOVE 42:69 foo', { name: 'MOVE', uid: true, set: [one(42, 69)], mailbox: 'foo' }],
  [
    'RFC 4314 §3.1',
    'A035 SETACL INBOX/Drafts John -lrQswicda',
    { name: 'SETACL', mailbox: 'INBOX/Drafts', identifier: 'John', mode: 'remove', rights: 'lrQswicda' },
  ],
  ['RFC 9208 §4.1.3', 'S0 SETQUOTA "" (STORAGE 512)', { name: 'SETQUOTA', root: '', limits: [['STORAGE', 512]] }],
  ['RFC 9208 §4.1.3', 'S0 SETQUOTA root ()', { name: 'SETQUOTA', root: 'root', limits: [] }],
  ['a trailing space', 'a NOOP ', { name: 'NOOP' }],
];

/** One bad command a line, each with the answer its client reads. */
const bad: readonly (readonly [wire: string, tag: string | null, message: string])[] = [
  ['', null, 'Expected a tag at octet 1'],
  ['+ NOOP', null, 'Expected a tag at octet 1'],
  ['a', 'a', 'Expected a space at octet 2'],
  ['a ', 'a', 'Expected a command at octet 3'],
  ['a XYZZY', 'a', 'Unknown command'],
  ['a UID NOOP', 'a', 'Invalid command after UID before octet 11'],
  ['a NOOP x', 'a', 'Expected the end of the command at octet 8'],
  ['a LOGIN joe', 'a', 'Expected a space at octet 12'],
  ['a LOGIN joe "x', 'a', 'Expected a password at octet 13'],
  ['a LOGIN {3+}\r\njoe{2+}\r\nxx y', 'a', 'Expected a space at octet 12'],
  ['a LOGIN {3+}\r\n\0oe x', 'a', 'NUL is not allowed in a string'],
  ['a SELECT "a&b"', 'a', 'Mailbox name is not valid modified UTF-7'],
  ['a SELECT &AGE-', 'a', 'Mailbox name is not valid modified UTF-7'],
  ['a SELECT "Entwürfe"', 'a', 'Mailbox name is not valid modified UTF-7'],
  ['a LIST "" "Entwürfe*"', 'a', 'Mailbox name is not valid modified UTF-7'],
  ['a LIST "" "&Ze\t*"', 'a', 'Mailbox name is not valid modified UTF-7'],
  ['a SELECT "a\tb"', 'a', 'Mailbox name is not valid modified UTF-7'],
  ['a SELECT INBOX (QRESYNC (0 1))', 'a', 'Expected a UIDVALIDITY at octet 26'],
  ['a SELECT INBOX (QRESYNC (1 1 1:*))', 'a', 'Invalid set (only numbers are allowed) before octet 33'],
  ['a SELECT INBOX (QRESYNC (1 1 $))', 'a', 'Invalid set (only numbers are allowed) before octet 31'],
  ['a FETCH 0 FLAGS', 'a', 'Expected a sequence set at octet 9'],
  ['a FETCH 4294967296 FLAGS', 'a', 'Invalid number (above 4294967295) before octet 19'],
  ['a FETCH 1: FLAGS', 'a', 'Expected a sequence set at octet 11'],
  ['a FETCH 1 ()', 'a', 'Expected a fetch item at octet 12'],
  ['a FETCH 1 BODY[MIME]', 'a', 'Invalid section before octet 20'],
  ['a FETCH 1 BODY[1.]', 'a', 'Expected a section at octet 18'],
  ['a FETCH 1 BODY[]<0.0>', 'a', 'Expected a length above 0 at octet 20'],
  ['a FETCH 1 (FAST)', 'a', 'Invalid fetch item before octet 16'],
  [
    'a FETCH 1 FLAGS (VANISHED CHANGEDSINCE 1)',
    'a',
    'Invalid VANISHED (needs UID FETCH and CHANGEDSINCE) before octet 42',
  ],
  ['a STORE 1 FLAGS (', 'a', 'Expected a flag at octet 18'],
  ['a SEARCH SINCE 30-Feb-2001', 'a', 'Expected a date such as 1-Feb-1994 at octet 27'],
  ['a SEARCH MODSEQ 9223372036854775808', 'a', 'Invalid number (above 2^63 - 1) before octet 36'],
  ['a SEARCH WHATEVER', 'a', 'Invalid search key before octet 18'],
  ['a LIST (RECURSIVEMATCH) "" *', 'a', 'Invalid RECURSIVEMATCH (nothing to match) before octet 24'],
  ['a STATUS x ()', 'a', 'Expected a status item at octet 13'],
  ['a AUTHENTICATE PLAIN abc', 'a', 'Invalid base64 before octet 25'],
  ['a APPEND x', 'a', 'Expected a space at octet 9'],
];

describe('parseCommand', () => {
  it.each(examples)('%s: %s', (_, wire, command) => {
    expect(parseCommand(frameOf(wire), { utf8: false }).command).toEqual(command);
  });

  it.each(bad)('%j is refused', (wire, tag, message) => {
    try {
      parseCommand(frameOf(wire), { utf8: false });
      expect.unreachable('it was accepted');
    } catch (error) {
      expect(error).toBeInstanceOf(BadSyntax);
      expect(error).toMatchObject({ tag, message });
    }
  });

  it('names are UTF-8 once IMAP4rev2 or UTF8=ACCEPT is enabled, and "&" is only itself', () => {
    const name = (wire: string | Buffer) =>
      (parseCommand(frameOf(wire), { utf8: true }).command as ImapCommand & { mailbox: string }).mailbox;
    expect(name('a DELETE "Entwürfe & &AGE-"')).toBe('Entwürfe & &AGE-');
    expect(() => name(Buffer.from('a DELETE "\xff"\r\n', 'latin1'))).toThrow('Mailbox name is not valid UTF-8');
    expect(() => name('a DELETE "a\tb"')).toThrow('Mailbox name contains a control character');
  });

  it.each(['(', 'NOT ', 'OR 1 '])('keys nested by %j are bounded, not the stack', (nest) => {
    expect(() => parseCommand(frameOf(`a SEARCH ${nest.repeat(10_000)}1`), { utf8: false })).toThrow('nested too deep');
    const close = nest === '(' ? ')'.repeat(90) : '';
    expect(() => parseCommand(frameOf(`a SEARCH ${nest.repeat(90)}1${close}`), { utf8: false })).not.toThrow();
  });

  it.each([
    ['a set', `a FETCH ${'1,'.repeat(30_000)}1 FLAGS`],
    ['an open quote', `a LOGIN "${'\\\\'.repeat(30_000)}`],
    ['many keys', `a SEARCH ${'1 '.repeat(30_000)}`],
    ['a name', `a SELECT ${'&AOQ-'.repeat(12_000)}`],
    ['spaces', `a NOOP ${' '.repeat(60_000)}x`],
  ])('takes linear time for 60 KB of %s', (_, wire) => {
    const frame = frameOf(wire);
    const begun = performance.now();
    try {
      parseCommand(frame, { utf8: false });
    } catch (error) {
      expect(error).toBeInstanceOf(BadSyntax);
    }
    // Generous: quadratic time would be minutes.
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});
