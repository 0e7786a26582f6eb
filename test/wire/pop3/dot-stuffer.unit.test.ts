import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DotStuffer } from '../../../gateway/pop3/wire/dot-stuffer.ts';
import { LineCounter } from '../../../gateway/pop3/wire/line-counter.ts';

const octets = fc
  .array(fc.constantFrom('.', '\r\n', '\n', '\r', 'x'), { maxLength: 40 })
  .map((parts) => parts.join(''));
const cuts = fc.array(fc.nat(40), { maxLength: 5 });

function pieces(text: string, at: readonly number[]): Buffer[] {
  const ends = [...at.map((n) => Math.min(n, text.length)), text.length].sort((a, b) => a - b);
  return ends.map((end, i) => Buffer.from(text.slice(ends[i - 1] ?? 0, end), 'latin1'));
}

function stuffed(text: string, at: readonly number[] = []): string {
  const stuffer = new DotStuffer();
  const out = pieces(text, at).flatMap((piece) => stuffer.push(piece));
  return Buffer.concat(out).toString('latin1') + stuffer.end();
}

test('a reader of lines gets the text back and finds its end, however it comes in pieces (RFC 1939 §3)', () => {
  fc.assert(
    fc.property(octets, cuts, (text, at) => {
      const wire = stuffed(text, at);
      expect(wire).toBe(stuffed(text));
      const lines = wire.split('\n');
      expect(lines.pop()).toBe('');
      expect(lines.pop()).toBe('.\r');
      expect(lines.filter((line) => line === '.\r' || line === '.')).toEqual([]);
      const back = lines.map((line) => `${line.replace(/^\./, '')}\n`).join('');
      expect(back).toBe(text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`);
    }),
  );
});

test.each([
  ['', '.\r\n'],
  ['a', 'a\r\n.\r\n'],
  ['.', '..\r\n.\r\n'],
  ['.\r\n..\r\n', '..\r\n...\r\n.\r\n'],
])('%j is sent as %j', (text, wire) => expect(stuffed(text)).toBe(wire));

test('as many lines as asked for, however they come in pieces', () => {
  fc.assert(
    fc.property(octets, cuts, fc.nat(20), (text, at, lines) => {
      const counter = new LineCounter(lines);
      const found = pieces(text, at).map((piece) => counter.push(piece).toString('latin1'));
      const wanted = text.split(/(?<=\n)/).slice(0, lines);
      expect(found.join('')).toBe(wanted.join(''));
    }),
  );
});
