import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Framer } from '../../../gateway/imap/wire/framer.ts';
import { LIMITS_AFTER_LOGIN, type WireLimits } from '../../../gateway/imap/wire/limits.ts';
import { transcript } from './frames.ts';

const small: WireLimits = { lineBytes: 60, literalBytes: 20, nonSyncBytes: 1000, answerBytes: 20, discardBytes: 200 };

const cases: readonly (readonly [name: string, wire: string, events: readonly string[], limits?: WireLimits])[] = [
  ['two commands in one segment', 'a NOOP\r\nb NOOP\r\n', ['command a NOOP', 'command b NOOP']],
  ['a bare LF ends a line', 'a NOOP\nb NOOP\n', ['command a NOOP', 'command b NOOP']],
  ['an empty line is a command of its own', '\r\na NOOP\r\n', ['command ', 'command a NOOP']],
  [
    'synchronising literals (RFC 9051 §6.2.3)',
    'a LOGIN {4}\r\nfred {4}\r\nx\r\ny\r\n',
    ['continue', 'continue', 'command a LOGIN <fred> <x\r\ny>'],
  ],
  [
    'non-synchronising literals (RFC 7888 §3)',
    'A001 LOGIN {11+}\r\nFRED FOOBAR {7+}\r\nfat man\r\n',
    ['command A001 LOGIN <FRED FOOBAR> <fat man>'],
  ],
  ['{n-} does not wait', 'a LOGIN {1-}\r\nx y\r\n', ['command a LOGIN <x> y']],
  ['a literal of no octets', 'a LOGIN {0+}\r\n {0}\r\n\r\n', ['continue', 'command a LOGIN <> <>']],
  [
    'a mailbox name as a literal is collected, the message is not',
    'a APPEND {3+}\r\nfoo (\\Seen) {5}\r\nhello\r\nb NOOP\r\n',
    ['message a APPEND <foo> (\\Seen) {5}', 'continue', 'data hello', 'message-end', 'command ', 'command b NOOP'],
  ],
  [
    'MULTIAPPEND (RFC 3502 §6.3.11)',
    'A003 APPEND x (\\Seen) {5+}\r\nhello (\\Draft) ~{3+}\r\nyou\r\n',
    [
      'message A003 APPEND x (\\Seen) {5+}',
      'data hello',
      'message-end',
      'message  (\\Draft) ~{3+}',
      'data you',
      'message-end',
      'command ',
    ],
  ],
  [
    'a line beyond the limit is skipped, the next command is not',
    `a ${'x'.repeat(70)}\r\nb NOOP\r\n`,
    ['refused a line-too-long', 'command b NOOP'],
    small,
  ],
  [
    'the literal of a skipped line is not a command',
    `a ${'x'.repeat(70)} {10+}\r\nz DELETE x\r\nb NOOP\r\n`,
    ['refused a line-too-long', 'command b NOOP'],
    small,
  ],
  [
    'a long line ending in a synchronising literal ends there: its client waits',
    `a ${'x'.repeat(70)} {10}\r\nb NOOP\r\n`,
    ['refused a line-too-long', 'command b NOOP'],
    small,
  ],
  [
    'a synchronising literal beyond the limit is refused instead of invited',
    'a LOGIN {21}\r\nb NOOP\r\n',
    ['refused a literal-too-big', 'command b NOOP'],
    small,
  ],
  [
    'a non-synchronising one is skipped, with all that follows in its command',
    'a LOGIN {21+}\r\nz DELETE x\r\nz DELETE y {3+}\r\nz\r\n tail\r\nb NOOP\r\n',
    ['refused a literal-too-big', 'command b NOOP'],
    small,
  ],
  [
    'the lines of one command count together',
    `a LOGIN ${'x'.repeat(40)} {1+}\r\ny ${'x'.repeat(20)}\r\nb NOOP\r\n`,
    ['refused a line-too-long', 'command b NOOP'],
    small,
  ],
  [
    'each message of a MULTIAPPEND may have its own lines',
    `a APPEND x (${'f'.repeat(30)}) {1+}\r\nx (${'g'.repeat(30)}) {1+}\r\ny\r\n`,
    [
      `message a APPEND x (${'f'.repeat(30)}) {1+}`,
      'data x',
      'message-end',
      `message  (${'g'.repeat(30)}) {1+}`,
      'data y',
      'message-end',
      'command ',
    ],
    small,
  ],
  [
    'literals count together',
    'a LOGIN {15+}\r\n123456789012345 {6}\r\nb NOOP\r\n',
    ['refused a literal-too-big', 'command b NOOP'],
    small,
  ],
  [
    'a size beyond every number',
    'a LOGIN {99999999999999999999+}\r\nx',
    ['refused a literal-too-big', 'hopeless'],
    small,
  ],
  ['a message size beyond every number', 'a APPEND x {99999999999999999999}\r\n', ['refused a literal-too-big']],
  ['a line without end', `a ${'x'.repeat(300)}`, ['refused a line-too-long', 'hopeless'], small],
  ['LITERAL- (RFC 7888 §5)', 'a APPEND x {1001+}\r\n', ['refused a literal-too-big', 'hopeless'], small],
];

const examples = cases.map(([name, wire, events, limits]) => ({ name, wire: Buffer.from(wire), events, limits }));

describe('framer', () => {
  it.each(examples)('$name', ({ wire, events, limits }) => {
    expect(transcript([wire], limits)).toEqual(events);
  });

  it.each(examples)('octet by octet: $name', ({ wire, events, limits }) => {
    expect(
      transcript(
        Array.from(wire, (octet) => Buffer.from([octet])),
        limits,
      ),
    ).toEqual(events);
  });

  it('a refused synchronising message is not awaited', () => {
    expect(transcript([Buffer.from('a APPEND x {9}\r\nb NOOP\r\n')], undefined, 'refuse')).toEqual([
      'message a APPEND x {9}',
      'command b NOOP',
    ]);
  });

  it('a refused non-synchronising message is skipped, and the messages after it', () => {
    const wire = 'a APPEND x {10+}\r\nz DELETE x (\\Seen) {12+}\r\nz DELETE y\r\n\r\nb NOOP\r\n';
    expect(transcript([Buffer.from(wire)], undefined, 'refuse')).toEqual([
      'message a APPEND x {10+}',
      'command b NOOP',
    ]);
  });

  it.each(['message', 'data', 'message-end'])('an APPEND given up at "%s" leaves nothing behind', (when) => {
    const framer = new Framer(LIMITS_AFTER_LOGIN);
    framer.push(Buffer.from('a APPEND x {10+}\r\nz DELETE x {3+}\r\nz x\r\nb NOOP\r\n'));
    const seen: string[] = [];
    for (let event = framer.next(); event !== null; event = framer.next()) {
      seen.push(event.kind);
      if (event.kind === when) framer.refuse();
      else if (event.kind === 'message') framer.accept();
    }
    expect(seen.slice(seen.indexOf(when))).toEqual([when, 'command']);
  });

  it('a message accepted and refused before its "+" is not invited', () => {
    const framer = new Framer(LIMITS_AFTER_LOGIN);
    framer.push(Buffer.from('a APPEND x {10}\r\nb NOOP\r\n'));
    expect(framer.next()?.kind).toBe('message');
    framer.accept();
    framer.refuse();
    expect(framer.next()).toMatchObject({ kind: 'command', frame: { fragments: [{ bytes: Buffer.from('b NOOP') }] } });
    expect(() => framer.refuse()).toThrow('no message to refuse');
  });

  it('stands still at a message until it is answered', () => {
    const framer = new Framer(LIMITS_AFTER_LOGIN);
    framer.push(Buffer.from('a APPEND x {3+}\r\nabc\r\n'));
    expect(framer.next()?.kind).toBe('message');
    expect(framer.next()).toBeNull();
    framer.accept();
    expect(framer.next()).toEqual({ kind: 'data', bytes: Buffer.from('abc') });
  });

  it('gives an expected line raw, and commands again afterwards', () => {
    const framer = new Framer(small);
    framer.push(Buffer.from('a IDLE\r\nDONE {3+}\r\nb NOOP\r\n'));
    expect(framer.next()?.kind).toBe('command');
    framer.expectLine();
    expect(framer.next()).toEqual({ kind: 'line', bytes: Buffer.from('DONE {3+}') });
    expect(framer.next()?.kind).toBe('command');
    framer.expectLine();
    framer.push(Buffer.from(`${'x'.repeat(30)}\r\nc NOOP\r\n`));
    expect(framer.next()).toEqual({ kind: 'refused', tag: null, reason: 'line-too-long' });
    expect(framer.next()?.kind).toBe('command');
  });

  it('hands out pipelined plaintext once, so that STARTTLS can throw it away (RFC 9051 §6.2.1)', () => {
    const framer = new Framer();
    framer.push(Buffer.from('a STARTTLS\r\nb LOGIN evil evil\r\nc NO'));
    expect(framer.next()?.kind).toBe('command');
    expect(framer.takeRest().toString()).toBe('b LOGIN evil evil\r\nc NO');
    expect(framer.next()).toBeNull();
    framer.push(Buffer.from('d NOOP\r\n'));
    expect(framer.next()).toMatchObject({ kind: 'command', frame: { fragments: [{ bytes: Buffer.from('d NOOP') }] } });
  });

  it('any cut of any bytes gives the same events', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'a NOOP',
        '\r\n',
        '\n',
        '\r',
        ' ',
        '{3}',
        '{3+}',
        '{30+}',
        '~{2}',
        '{0}',
        'a APPEND x ',
        'abc',
        '"',
        '{9',
      ),
      fc.string({ maxLength: 80 }),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }),
        fc.array(fc.nat(400)),
        fc.constantFrom('accept', 'refuse'),
        (pieces, cuts, answer) => {
          const wire = Buffer.from(pieces.join(''));
          const ends = [...new Set([...cuts, wire.length])].filter((cut) => cut <= wire.length).sort((x, y) => x - y);
          const chunks = ends.map((end, i) => wire.subarray(ends[i - 1] ?? 0, end));
          expect(transcript(chunks, small, answer)).toEqual(transcript([wire], small, answer));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('holds no more than its limits, whatever is announced or never ended', () => {
    const framer = new Framer(LIMITS_AFTER_LOGIN);
    framer.push(Buffer.from('a APPEND x {100000000}\r\n'));
    expect(framer.next()?.kind).toBe('message');
    framer.accept();
    const before = process.memoryUsage().arrayBuffers;
    const chunk = Buffer.alloc(64 * 1024, 'x');
    for (let i = 0; i < 1000; i++) {
      framer.push(chunk);
      while (framer.next() !== null);
    }
    framer.refuse();
    for (let i = 0; i < 1000; i++) {
      framer.push(chunk);
      while (framer.next() !== null);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1024 * 1024);
  });

  it('remembers only the end of a line it skips', () => {
    const framer = new Framer({ ...LIMITS_AFTER_LOGIN, lineBytes: 10 });
    const octet = Buffer.from('x');
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 2_000_000; i++) {
      framer.push(octet);
      while (framer.next() !== null);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
    framer.push(Buffer.from('{2+}\r\nz x\r\nb NOOP\r\n'));
    expect(framer.next()).toMatchObject({ kind: 'command', frame: { fragments: [{ bytes: Buffer.from('b NOOP') }] } });
  });
});
