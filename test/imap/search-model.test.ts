import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SearchKey } from '../../gateway/imap/wire/search-key.ts';
import { resolveSet, type SequenceSet } from '../../gateway/imap/wire/sequence-set.ts';
import { ImapClient } from '../support/imap-client.ts';
import { openImapGateway } from '../support/imap-gateway.ts';
import { writeCommand } from '../wire/imap/write-command.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 5, 15, 12);
const FIRST_DAY = Date.UTC(2026, 4, 1) / DAY_MS;
const DAYS = 60;

const words = ['alpha', 'Beta', 'GAMMA', 'Grüße', 'ÉTUDE', 'straße', 'Ωmega', 'delta=3', 'x?y', 'été'];
const texts = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 5 }).map((some) => some.join(' '));
const systemFlags = ['\\Answered', '\\Deleted', '\\Draft', '\\Flagged', '\\Seen'] as const;
const keywords = ['$Work', 'Later'];

interface Mail {
  readonly subject: string;
  readonly people: Readonly<Record<'from' | 'to' | 'cc' | 'bcc', string | undefined>>;
  readonly sentMs: number | undefined;
  readonly sentZone: number;
  readonly internalMs: number;
  readonly flags: readonly string[];
  readonly comment: string | undefined;
  readonly parts: readonly { readonly text: string; readonly encoding: string; readonly latin: boolean }[];
}

const someone = fc.option(
  texts.map((name) => name),
  { nil: undefined },
);
const moment = fc.integer({ min: 0, max: DAYS * 24 - 1 }).map((hour) => FIRST_DAY * DAY_MS + hour * 3_600_000);
const mail: fc.Arbitrary<Mail> = fc.record({
  subject: texts,
  people: fc.record({ from: someone, to: someone, cc: someone, bcc: someone }),
  sentMs: fc.option(moment, { nil: undefined }),
  sentZone: fc.constantFrom(-11, 0, 5, 13),
  internalMs: moment,
  flags: fc.subarray([...systemFlags, ...keywords]),
  comment: fc.option(texts, { nil: undefined }),
  parts: fc.array(
    fc.record({
      text: fc.array(texts, { minLength: 1, maxLength: 4 }).map((lines) => lines.join('\r\n')),
      encoding: fc.constantFrom('8bit', 'base64', 'quoted-printable'),
      latin: fc.boolean(),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

/** One message as the model has it. */
interface Known {
  readonly mail: Mail;
  readonly sizeBytes: number;
  /** The lines of the header, `Name: value`, as people read them. */
  readonly header: readonly string[];
  /** Lines of the headers of parts, and the parts' texts. */
  readonly body: readonly string[];
  readonly modSeq: number;
  readonly emailId: string;
  readonly threadId: string | undefined;
}

function encodedWord(text: string): string {
  return `=?utf-8?b?${Buffer.from(text).toString('base64')}?=`;
}

function addressOf(name: string, field: string): string {
  return `${name} <${field}@example.org>`;
}

function headerOf({ subject, people, sentMs, sentZone, comment }: Mail): { wire: string[]; read: string[] } {
  const fields: [name: string, wire: string, read: string][] = [['Subject', encodedWord(subject), subject]];
  for (const [field, name] of Object.entries(people)) {
    if (name === undefined) continue;
    const wire = `${encodedWord(name)} <${field}@example.org>`;
    fields.push([field.charAt(0).toUpperCase() + field.slice(1), wire, addressOf(name, field)]);
  }
  if (comment !== undefined) fields.push(['Comments', encodedWord(comment), comment]);
  if (sentMs !== undefined) {
    const local = new Date(sentMs + sentZone * 3_600_000).toUTCString().replace('GMT', '');
    const zone = `${sentZone < 0 ? '-' : '+'}${String(Math.abs(sentZone)).padStart(2, '0')}00`;
    fields.push(['Date', local + zone, local + zone]);
  }
  return {
    wire: fields.map(([name, wire]) => `${name}: ${wire}`),
    read: fields.map(([name, , read]) => `${name}: ${read}`),
  };
}

function quotedPrintable(bytes: Buffer): string {
  return [...bytes].map((byte) => (byte === 0x0d || byte === 0x0a ? String.fromCharCode(byte) : hex(byte))).join('');
}

function hex(byte: number): string {
  return byte > 0x20 && byte < 0x7f && byte !== 0x3d
    ? String.fromCharCode(byte)
    : `=${byte.toString(16).padStart(2, '0').toUpperCase()}`;
}

/** The message's octets, and what a person reads in it. */
function written(given: Mail): { octets: Buffer; header: string[]; body: string[] } {
  const { wire, read } = headerOf(given);
  const type = 'Content-Type: multipart/mixed; boundary=b';
  const pieces = [Buffer.from(`${[...wire, type].join('\r\n')}\r\n\r\n`)];
  const body: string[] = [];
  for (const { text, encoding, latin } of given.parts) {
    const isLatin = latin && !/[^\0-\xff]/.test(text);
    const charset = isLatin ? 'iso-8859-1' : 'utf-8';
    const lines = [`Content-Type: text/plain; charset=${charset}`, `Content-Transfer-Encoding: ${encoding}`];
    const bytes = Buffer.from(text, isLatin ? 'latin1' : 'utf8');
    const wired =
      encoding === 'base64'
        ? Buffer.from(bytes.toString('base64'))
        : encoding === '8bit'
          ? bytes
          : Buffer.from(quotedPrintable(bytes));
    pieces.push(Buffer.from(`--b\r\n${lines.join('\r\n')}\r\n\r\n`), wired, Buffer.from('\r\n'));
    body.push(...lines, text);
  }
  pieces.push(Buffer.from('--b--\r\n'));
  return { octets: Buffer.concat(pieces), header: [...read, type], body };
}

function contains(text: string, needle: string): boolean {
  const plain = (one: string): string => one.normalize('NFKD').toUpperCase().toLowerCase().normalize('NFKD');
  return plain(text).includes(plain(needle));
}

/** What RFC 9051 §6.4.4 says, read as simply as can be; `all` are the messages in order, their UIDs 1, 2, 3. */
function isMet(key: SearchKey, at: number, all: readonly Known[]): boolean {
  const known = all[at] as Known;
  const { mail: one } = known;
  const of = (inner: SearchKey): boolean => isMet(inner, at, all);
  const inSet = (set: SearchKey & { readonly key: 'sequence' | 'uid' }): boolean =>
    set.set !== '$' && resolveSet(set.set, all.length).some(({ from, to }) => from <= at + 1 && at + 1 <= to);
  switch (key.key) {
    case 'all':
      return true;
    case 'and':
      return key.keys.every(of);
    case 'or':
      return of(key.left) || of(key.right);
    case 'not':
      return !of(key.inner);
    case 'fuzzy':
      return of(key.inner);
    case 'annotation':
      throw new Error('the model has no annotations');
    case 'uid-between':
      return key.from <= at + 1 && at + 1 <= key.to;
    case 'sequence':
    case 'uid':
      return inSet(key);
    case 'flag':
      return key.flag === '\\Recent' || one.flags.includes(key.flag);
    case 'keyword':
      return one.flags.some((flag) => flag.toLowerCase() === key.keyword.toLowerCase());
    case 'contains': {
      const needle = key.value.toString();
      if (key.field === 'body') return known.body.some((text) => contains(text, needle));
      if (key.field === 'text') return [...known.header, ...known.body].some((text) => contains(text, needle));
      if (key.field === 'subject') return contains(one.subject, needle);
      const name = one.people[key.field];
      return contains(name === undefined ? '' : addressOf(name, key.field), needle);
    }
    case 'header':
      return known.header.some((line) => {
        const [name = '', ...rest] = line.split(': ');
        return name.toLowerCase() === key.field.toLowerCase() && contains(rest.join(': '), key.value.toString());
      });
    case 'before':
    case 'on':
    case 'since': {
      const day = dayOf(key.of, one);
      const asked = Date.UTC(key.date.year, key.date.month - 1, key.date.day) / DAY_MS;
      if (day === undefined) return false;
      return key.key === 'before' ? day < asked : key.key === 'on' ? day === asked : day >= asked;
    }
    case 'larger':
      return known.sizeBytes > key.sizeBytes;
    case 'smaller':
      return known.sizeBytes < key.sizeBytes;
    case 'older':
      return one.internalMs / 1000 <= NOW_MS / 1000 - key.seconds;
    case 'younger':
      return one.internalMs / 1000 >= NOW_MS / 1000 - key.seconds;
    case 'modseq':
      return known.modSeq >= key.atLeast;
    case 'filter':
      return false;
    case 'emailid':
      return known.emailId === key.id;
    case 'threadid':
      return known.threadId === key.id;
  }
}

function dayOf(of: 'internal' | 'saved' | 'sent', { internalMs, sentMs, sentZone }: Mail): number | undefined {
  if (of === 'internal') return Math.floor(internalMs / DAY_MS);
  if (of === 'saved') return Math.floor(NOW_MS / DAY_MS);
  return sentMs === undefined ? undefined : Math.floor((sentMs + sentZone * 3_600_000) / DAY_MS);
}

const needle = fc.tuple(texts, fc.nat(8), fc.nat(12), fc.boolean()).map(([text, from, length, upper]) => {
  const cut = [...text].slice(from, from + length).join('');
  return Buffer.from(upper ? cut.toUpperCase() : cut);
});

function keysAbout(all: readonly Known[]): fc.Arbitrary<SearchKey> {
  // A number that no message has is refused; a UID may be any.
  const setUpTo = (max: number): fc.Arbitrary<SequenceSet> => {
    const number = fc.integer({ min: 1, max });
    const range = fc.record({ from: number, to: fc.oneof(number, fc.constant('*' as const)) });
    return fc.array(range, { minLength: 1, maxLength: 3 });
  };
  const date = fc.integer({ min: FIRST_DAY - 2, max: FIRST_DAY + DAYS + 2 }).map((day) => {
    const at = new Date(day * DAY_MS);
    return { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate() };
  });
  const sizes = fc.constantFrom(...all.flatMap(({ sizeBytes }) => [sizeBytes - 1, sizeBytes, sizeBytes + 1]));
  const modSeqs = fc.constantFrom(...all.flatMap(({ modSeq }) => [modSeq, modSeq + 1]));
  const { key } = fc.letrec<{ key: SearchKey }>((tie) => ({
    key: fc.oneof(
      { maxDepth: 3 },
      fc.record({ key: fc.constant('flag'), flag: fc.constantFrom(...systemFlags, '\\Recent') }),
      fc.record({ key: fc.constant('keyword'), keyword: fc.constantFrom('$WORK', 'later', 'never') }),
      fc.record({ key: fc.constant('sequence'), set: setUpTo(all.length) }),
      fc.record({ key: fc.constant('uid'), set: setUpTo(all.length + 9) }),
      fc.record({
        key: fc.constant('contains'),
        field: fc.constantFrom('bcc', 'body', 'cc', 'from', 'subject', 'text', 'to'),
        value: needle,
      }),
      fc.record({
        key: fc.constant('header'),
        field: fc.constantFrom('subject', 'COMMENTS', 'Date', 'To', 'X-None', 'Content-Type'),
        value: needle,
      }),
      fc.record({
        key: fc.constantFrom('before', 'on', 'since'),
        of: fc.constantFrom('internal', 'saved', 'sent'),
        date,
      }),
      fc.record({ key: fc.constantFrom('larger', 'smaller'), sizeBytes: sizes }),
      fc.record({
        key: fc.constantFrom('older', 'younger'),
        seconds: fc.integer({ min: 1, max: DAYS * 24 }).map((h) => h * 3600),
      }),
      fc.record({ key: fc.constant('modseq'), atLeast: modSeqs }),
      fc.record({ key: fc.constant('emailid'), id: fc.constantFrom(...all.map(({ emailId }) => emailId), 'none') }),
      fc.record({ key: fc.constant('threadid'), id: fc.constant('none') }),
      fc.constant({ key: 'all' }),
      fc.record({ key: fc.constant('not'), inner: tie('key') }),
      fc.record({ key: fc.constant('or'), left: tie('key'), right: tie('key') }),
      fc.record({ key: fc.constant('and'), keys: fc.array(tie('key'), { minLength: 2, maxLength: 3 }) }),
    ) as fc.Arbitrary<SearchKey>,
  }));
  return key;
}

async function appended(client: ImapClient, given: Mail, number: number): Promise<Known> {
  const { octets, header, body } = written(given);
  const date = new Date(given.internalMs)
    .toUTCString()
    .replace(/^\w+, (\d+) (\w+) (\d+) (.*) GMT$/, '"$1-$2-$3 $4 +0000"');
  client.send(`a APPEND INBOX (${given.flags.join(' ')}) ${date} {${octets.length}+}\r\n`);
  client.send(octets);
  client.send('\r\n');
  expect((await client.until('a')).at(-1)).toMatch(/^a OK/);
  const said = await client.say('f', `UID FETCH ${number} (MODSEQ EMAILID)`);
  const fetched = /MODSEQ \((\d+)\) EMAILID \((\w+)\)/.exec(said.find((line) => line.includes('EMAILID')) ?? '');
  const [, modSeq, emailId = ''] = fetched ?? [];
  return { mail: given, sizeBytes: octets.length, header, body, modSeq: Number(modSeq), emailId, threadId: undefined };
}

test('SEARCH finds what a scan by a simple model finds', async () => {
  await using gateway = await openImapGateway({ clock: { now: () => NOW_MS } });
  const client = await ImapClient.connect(gateway.port);
  await client.line();
  await client.say('a', 'LOGIN anna secret');
  await client.say('b', 'SELECT INBOX');
  const seed = Date.now() % 1_000_000;
  const all: Known[] = [];
  for (const one of fc.sample(mail, { numRuns: 25, seed })) all.push(await appended(client, one, all.length + 1));
  await fc.assert(
    fc.asyncProperty(keysAbout(all), async (key) => {
      const dialect = { utf8: false };
      const command = writeCommand({ name: 'SEARCH', uid: false, returns: null, charset: 'UTF-8', key }, dialect);
      client.send(Buffer.concat([Buffer.from('s '), command, Buffer.from('\r\n')]));
      const lines = await client.until('s');
      expect(lines.at(-1)).toBe('s OK Completed');
      const line = lines.find((text) => text.startsWith('* SEARCH')) ?? '';
      const found = line
        .replace(/ \(MODSEQ \d+\)$/, '')
        .split(' ')
        .slice(2)
        .map(Number);
      expect({ seed, found }).toEqual({ seed, found: all.flatMap((_, at) => (isMet(key, at, all) ? [at + 1] : [])) });
    }),
    { numRuns: 300 },
  );
  client.close();
  expect(gateway.errors).toEqual([]);
});
