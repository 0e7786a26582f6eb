import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataDecoder } from '../../gateway/lmtp/wire/data-decoder.ts';
import { BadArgument, parsePathArgument } from '../../gateway/lmtp/wire/path.ts';
import { LineReader } from '../../gateway/net/line-reader.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Cuts `input` at the given places. */
function cut(input: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (input.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => input.subarray(from, at[index] ?? input.length));
}

function decode(chunks: readonly Buffer[]): { text: string; rest: string | undefined } {
  const decoder = new DataDecoder();
  const pieces: Buffer[] = [];
  for (const [index, chunk] of chunks.entries()) {
    const decoded = decoder.push(chunk);
    pieces.push(decoded.text);
    if (decoded.rest !== undefined) {
      const rest = Buffer.concat([decoded.rest, ...chunks.slice(index + 1)]).toString('latin1');
      return { text: Buffer.concat(pieces).toString('latin1'), rest };
    }
  }
  return { text: Buffer.concat(pieces).toString('latin1'), rest: undefined };
}

/** RFC 5321 §4.5.2 in its plainest form, to compare with. */
function decodePlainly(input: string): { text: string; rest: string | undefined } {
  const whole = `\r\n${input}`;
  const end = whole.indexOf('\r\n.\r\n');
  const message = end === -1 ? whole : whole.slice(0, end + 2);
  const text = message.replaceAll('\r\n.', '\r\n').slice(2);
  return { text, rest: end === -1 ? undefined : whole.slice(end + 5) };
}

const alphabet = fc.constantFrom('\r', '\n', '.', '\r\n', '\r\n.', '\r\n.\r\n', 'a', '\0', '\xff');
const soup = fc.array(alphabet, { maxLength: 30 }).map((parts) => parts.join(''));
const places = fc.array(fc.nat(100), { maxLength: 8 });

describe('DATA', () => {
  test.each([
    ['.\r\n', '', ''],
    ['a\r\n.\r\nQUIT\r\n', 'a\r\n', 'QUIT\r\n'],
    ['..\r\n.\r\n', '.\r\n', ''],
    ['...a\r\n..b\r\n.\r\n', '..a\r\n.b\r\n', ''],
    ['.a\r\n.\r\n', 'a\r\n', ''],
    ['a.\r\n.\r\n', 'a.\r\n', ''],
    ['a\r\n.\r\n.\r\n', 'a\r\n', '.\r\n'],
  ])('%j is %j', (input, text, rest) => {
    expect(decode([latin1(input)])).toEqual({ text, rest });
  });

  test.each([
    'a\n.\nb',
    'a\n.\r\nb',
    'a\r.\rb',
    'a\r\n.\nb',
    'a\r\n.\rb',
    'a\r.\r\nb',
    'a\n.\rb',
    'a\r\n.\r\r\nb',
    'a\r\n\0.\r\nb',
    'a\r\n.\0\r\nb',
    '.\n',
    '.\r',
    'a\r\r\n.\r.\r\n',
  ])('%j does not end the message', (input) => {
    const bytes = latin1(input);
    for (let at = 0; at <= bytes.length; at++) {
      expect(decode([bytes.subarray(0, at), bytes.subarray(at)])).toMatchObject({ rest: undefined });
    }
    expect(decode([latin1(`${input}\r\n.\r\nQUIT\r\n`)]).rest).toBe('QUIT\r\n');
  });

  test('does what the RFC says, wherever the chunks end', () => {
    fc.assert(
      fc.property(soup, places, (input, at) => {
        // An unfinished "CRLF . CR" is held back: give both an end.
        const whole = `${input}x\r\n.\r\nNEXT`;
        expect(decode(cut(latin1(whole), at))).toEqual(decodePlainly(whole));
      }),
      { numRuns: 2000 },
    );
  });

  test('what is stuffed comes back', () => {
    fc.assert(
      fc.property(soup, places, (text, at) => {
        const message = `${text}\r\n`;
        const stuffed = `\r\n${message}`.replaceAll('\r\n.', '\r\n..').slice(2);
        expect(decode(cut(latin1(`${stuffed}.\r\nQUIT\r\n`), at))).toEqual({ text: message, rest: 'QUIT\r\n' });
      }),
      { numRuns: 2000 },
    );
  });
});

describe('lines', () => {
  function read(chunks: readonly Buffer[], maxBytes: number): string[] {
    const reader = new LineReader(maxBytes);
    const lines: string[] = [];
    for (const chunk of chunks) {
      reader.push(chunk);
      for (let line = reader.next(); line !== undefined; line = reader.next()) {
        lines.push(line.kind === 'line' ? `line ${line.bytes.toString('latin1')}` : line.kind);
      }
    }
    lines.push(`rest ${reader.takeRest().toString('latin1')}`);
    return lines;
  }

  test.each([
    ['a\r\nb\r\nc', ['line a', 'line b', 'rest c']],
    ['\r\n', ['line ', 'rest ']],
    ['a\nb\r\n', ['bare-lf', 'line b', 'rest ']],
    ['\n', ['bare-lf', 'rest ']],
    ['a\rb\r\n', ['line a\rb', 'rest ']],
    ['12345678\r\n', ['line 12345678', 'rest ']],
    ['123456789\r\nb\r\n', ['too-long', 'line b', 'rest ']],
    [`${'x'.repeat(100)}\r\nb\r\n`, ['too-long', 'line b', 'rest ']],
    [`${'x'.repeat(100)}\nb\r\n`, ['bare-lf', 'line b', 'rest ']],
  ])('%j', (input, lines) => {
    const bytes = latin1(input);
    expect(read([bytes], 10)).toEqual(lines);
    for (let at = 0; at <= bytes.length; at++) {
      expect(read([bytes.subarray(0, at), bytes.subarray(at)], 10)).toEqual(lines);
    }
    expect(
      read(
        [...bytes].map((byte) => Buffer.from([byte])),
        10,
      ),
    ).toEqual(lines);
  });
});

describe('paths', () => {
  const to = (argument: string) => parsePathArgument('TO:', argument, 256).address;

  test.each([
    ['TO:<geeko@example.com>', 'geeko@example.com'],
    ['to: <geeko>', 'geeko'],
    ['TO:<geeko+INBOX.x@example.com>', 'geeko+INBOX.x@example.com'],
    ['TO:<"q q"@example.com>', '"q q"@example.com'],
    ['TO:<"a\\"b\\\\@>"@example.com>', '"a\\"b\\\\@>"@example.com'],
    ['TO:<@relay.example,@b.example:geeko@example.com>', 'geeko@example.com'],
    ['TO:<geeko@[192.0.2.1]>', 'geeko@[192.0.2.1]'],
    ['TO:<geeko@[IPv6:2001:db8::1]>', 'geeko@[IPv6:2001:db8::1]'],
    ['TO:<a..b.@example.com>', 'a..b.@example.com'],
    ['TO:<bücher@bücher.example>', 'bücher@bücher.example'],
    ["TO:<!#$%&'*+-/=?^_`{|}~@example.com>", "!#$%&'*+-/=?^_`{|}~@example.com"],
    ['TO:<>', ''],
  ])('%s', (argument, address) => {
    expect(to(argument)).toBe(address);
  });

  test.each([
    'TO:',
    'TO:geeko@example.com',
    'TO:<geeko@example.com',
    'TO:<geeko@example.com>x',
    'TO:<a b@example.com>',
    'TO:<a@b@c>',
    'TO:<a,b@example.com>',
    'TO:<a@-example.com>',
    'TO:<a@exa mple.com>',
    'TO:<a@>',
    'TO:<@a:>',
    'TO:<"a@example.com>',
    'TO:<"a"b@example.com>',
    'TO:<<a@example.com>>',
    'TO:<a@[1.2.3.4>',
    'TO:<a@\u0085example.com>',
    `TO:<${'a'.repeat(250)}@example.com>`,
    `TO:<${'a-'.repeat(2000)}`,
    `TO:<${'@a.example,'.repeat(300)}`,
    'FROM:<a@example.com>',
    'TO:<a@example.com> =x',
    'TO:<a@example.com> A=1 a=2',
    'TO:<a@example.com> A==1',
  ])('refused: %s', (argument) => {
    expect(() => to(argument)).toThrow(BadArgument);
  });

  test('parameters', () => {
    const { address, parameters } = parsePathArgument('FROM:', 'FROM:<>  size=100 SMTPUTF8 BODY=8BITMIME ', 256);
    expect(address).toBe('');
    expect([...parameters]).toEqual([
      ['SIZE', '100'],
      ['SMTPUTF8', undefined],
      ['BODY', '8BITMIME'],
    ]);
  });
});
