import { describe, expect, it } from 'vitest';
import { Accumulator } from '../../../gateway/imap/wire/accumulator.ts';

describe('accumulator', () => {
  it('takes a million single octets in linear time', () => {
    const accumulator = new Accumulator();
    const octet = Buffer.from('x');
    const begun = performance.now();
    for (let i = 0; i < 1_000_000; i++) accumulator.append(octet);
    // Generous: copying all for each octet would take minutes.
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(accumulator.take()).toEqual(Buffer.alloc(1_000_000, 'x'));
  });

  it('shares nothing with what was taken', () => {
    const accumulator = new Accumulator();
    accumulator.append(Buffer.from('abc'));
    accumulator.keepLast(2);
    const taken = accumulator.take();
    accumulator.append(Buffer.from('xyz'));
    expect([taken.toString(), accumulator.length, accumulator.take().toString()]).toEqual(['bc', 3, 'xyz']);
  });
});
