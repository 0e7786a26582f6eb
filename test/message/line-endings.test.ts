import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineEndings } from '../../lib/message/line-endings.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const alphabet = fc.constantFrom('\r', '\n', '\r\n', 'a', '\0', '\xff');
const soup = fc.array(alphabet, { maxLength: 30 }).map((parts) => parts.join(''));

describe('line endings', () => {
  test.each([
    ['a\nb', 'a\r\nb'],
    ['\n', '\r\n'],
    ['\n\n', '\r\n\r\n'],
    ['a\r\nb', 'a\r\nb'],
    ['a\rb\0c\r', 'a\rb\0c\r'],
    ['\r\r\n\n', '\r\r\n\r\n'],
  ])('%j becomes %j', (input, text) => {
    expect(new LineEndings().push(latin1(input)).toString('latin1')).toBe(text);
  });

  test('wherever the chunks end', () => {
    fc.assert(
      fc.property(soup, fc.integer({ min: 1, max: 5 }), (input, step) => {
        const endings = new LineEndings();
        const bytes = latin1(input);
        let got = '';
        for (let at = 0; at < bytes.length; at += step) {
          got += endings.push(bytes.subarray(at, at + step)).toString('latin1');
        }
        expect(got).toBe(input.replace(/(?<!\r)\n/g, '\r\n'));
      }),
      { numRuns: 2000 },
    );
  });
});
