import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineBytes } from '../../gateway/imap/fetch/line-bytes.ts';

test('numbers and texts of any length, in pieces', () => {
  const number = fc.oneof(
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    fc.constantFrom(9, 10, 99, 100, 2 ** 31, 2 ** 32 - 1),
  );
  const text = fc.string({ unit: 'grapheme-ascii', maxLength: 40 });
  fc.assert(
    fc.property(fc.array(fc.oneof(number, text, fc.constant('take'))), (pieces) => {
      const lines = new LineBytes();
      const taken: Buffer[] = [];
      for (const piece of pieces) {
        if (piece === 'take') taken.push(lines.take());
        else if (typeof piece === 'number') lines.number(piece);
        else lines.text(piece);
      }
      taken.push(lines.take());
      expect(Buffer.concat(taken).toString('latin1')).toBe(pieces.filter((piece) => piece !== 'take').join(''));
    }),
  );
});

test('more than there was room for', () => {
  const lines = new LineBytes();
  const text = 'x'.repeat(1000);
  for (let i = 0; i < 200; i++) lines.text(text);
  expect(lines.take().toString()).toBe(text.repeat(200));
});
