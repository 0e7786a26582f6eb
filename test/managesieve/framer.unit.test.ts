import { expect, test } from 'vitest';
import type { Frame } from '../../gateway/managesieve/wire/frame.ts';
import { Framer, type FramerEvent } from '../../gateway/managesieve/wire/framer.ts';

const LIMITS = { lineBytes: 64, literalBytes: 32, skipBytes: 1000 };

/** What comes out when the text comes in pieces that end at these offsets. */
function framed(text: string, cuts: readonly number[] = [], limits = LIMITS): readonly string[] {
  const framer = new Framer(limits);
  const bytes = Buffer.from(text, 'latin1');
  const seen: string[] = [];
  for (const [i, from] of [0, ...cuts].entries()) {
    framer.push(bytes.subarray(from, cuts[i]));
    for (let event = framer.next(); event !== undefined; event = framer.next()) {
      seen.push(shown(event));
      if (event.kind === 'hopeless') return seen;
    }
  }
  return seen;
}

function shown(event: FramerEvent): string {
  if (event.kind === 'command') return text(event.frame);
  return event.kind === 'refused' ? event.reason : event.kind;
}

function text(frame: Frame): string {
  return frame
    .map(
      ({ line, literal }) => line.toString('latin1') + (literal === undefined ? '' : `<${literal.toString('latin1')}>`),
    )
    .join('');
}

test.each([
  ['lines', 'NOOP\r\nLOGOUT\r\n', ['NOOP', 'LOGOUT']],
  ['lines that end with LF alone', 'NOOP\nLOGOUT\n', ['NOOP', 'LOGOUT']],
  ['a literal', 'PUTSCRIPT "a" {5+}\r\nkeep;\r\nNOOP\r\n', ['PUTSCRIPT "a" <keep;>', 'NOOP']],
  ['a literal without plus', 'PUTSCRIPT "a" {5}\r\nkeep;\r\n', ['PUTSCRIPT "a" <keep;>']],
  ['two literals', 'RENAMESCRIPT {1+}\r\na {2+}\r\nbc\r\n', ['RENAMESCRIPT <a> <bc>']],
  ['an empty literal', 'CHECKSCRIPT {0+}\r\n\r\nNOOP\r\n', ['CHECKSCRIPT <>', 'NOOP']],
  ['a literal with lines that look like commands', 'CHECKSCRIPT {8+}\r\nLOGOUT\r\n\r\n', ['CHECKSCRIPT <LOGOUT\r\n>']],
  ['what is no announcement', 'NOOP "{5+}"\r\nNOOP {5+} \r\n', ['NOOP "{5+}"', 'NOOP {5+} ']],
  ['a line that is too long', `${'x'.repeat(70)}\r\nNOOP\r\n`, ['line-too-long', 'NOOP']],
  ['a long line with a literal', `${'x'.repeat(70)} {8+}\r\nLOGOUT\r\n\r\nNOOP\r\n`, ['line-too-long', 'NOOP']],
  ['a literal that is too big', `CHECKSCRIPT {33+}\r\n${'x'.repeat(33)}\r\nNOOP\r\n`, ['literal-too-big', 'NOOP']],
  [
    'literals that are too big together',
    `A {20+}\r\n${'x'.repeat(20)} {20+}\r\n${'y'.repeat(20)}\r\nNOOP\r\n`,
    ['literal-too-big', 'NOOP'],
  ],
])('%s, wherever the pieces are cut', (_what, input, expected) => {
  expect(framed(input)).toEqual(expected);
  for (let at = 1; at < input.length; at++) expect([at, framed(input, [at])]).toEqual([at, expected]);
  const each = Array.from({ length: input.length - 1 }, (_, i) => i + 1);
  expect(framed(input, each)).toEqual(expected);
});

test('more to skip than is reasonable ends it', () => {
  expect(framed(`CHECKSCRIPT {4294967295+}\r\n${'x'.repeat(1001)}`)).toEqual(['hopeless']);
  expect(framed('x'.repeat(2000))).toEqual(['hopeless']);
});

test('what was sent and not given out is forgotten (RFC 5804 §2.2)', () => {
  const framer = new Framer(LIMITS);
  framer.push(Buffer.from('STARTTLS\r\nPUTSCRIPT "a" {50+}\r\nkee'));
  expect(shown(framer.next() ?? { kind: 'hopeless' })).toBe('STARTTLS');
  expect(framer.next()).toBeUndefined();
  framer.forget();
  framer.push(Buffer.from('NOOP\r\n'));
  expect(shown(framer.next() ?? { kind: 'hopeless' })).toBe('NOOP');
});
