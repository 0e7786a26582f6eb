import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter } from '../../lib/base/bytes.ts';
import { readFlagNumbers, writeFlagColumn } from '../../lib/store/mailbox-records.ts';

const uint32s = fc.array(fc.oneof(fc.nat(300), fc.nat(0xffff_ffff)));
const wholes = fc.array(
  fc.oneof(
    fc.nat(300),
    fc.maxSafeNat().map((value) => Math.floor(value / 2)),
  ),
);

/** Written one by one, with a number behind them that must still be found. */
function written(write: (to: ByteWriter) => void): ByteReader {
  const to = new ByteWriter();
  write(to);
  return new ByteReader(to.varint(77).finish());
}

describe('columns of numbers', () => {
  it('are read as what was written one by one', () => {
    fc.assert(
      fc.property(uint32s, (values) => {
        const from = written((to) => values.forEach((value) => void to.varint(value)));
        expect([...from.varints(new Uint32Array(values.length))]).toEqual(values);
        expect(from.varint()).toBe(77);
      }),
    );
  });

  it('are added up from differences, ascending or not', () => {
    fc.assert(
      fc.property(wholes, (values) => {
        const sorted = [...new Set(values)].sort((a, b) => a - b);
        const up = written((to) => sorted.forEach((value, i) => void to.varint(value - (sorted[i - 1] ?? 0))));
        expect([...up.ascending(new Float64Array(sorted.length))]).toEqual(sorted);
        expect(up.varint()).toBe(77);
        const any = written((to) => values.forEach((value, i) => void to.signed(value - (values[i - 1] ?? 0))));
        expect([...any.differences(new Float64Array(values.length))]).toEqual(values);
        expect(any.varint()).toBe(77);
      }),
    );
  });

  it('are not read past the end', () => {
    expect(() => new ByteReader(Buffer.of(1, 2)).varints(new Uint32Array(3))).toThrow('truncated at 2');
    expect(() => new ByteReader(Buffer.of(1, 0x80)).varints(new Uint32Array(2))).toThrow('truncated at 2');
  });
});

describe('columns of flag sets', () => {
  it('have the numbers that their sets have elsewhere, asked for once each', () => {
    const asked: bigint[] = [];
    const from = written((to) => writeFlagColumn(to, [33n, 1n, 33n, 0n]));
    expect([...readFlagNumbers(from, 4, (bits) => 10 + asked.push(bits))]).toEqual([11, 12, 11, 13]);
    expect(asked).toEqual([33n, 1n, 0n]);
    expect(from.varint()).toBe(77);
  });

  it('name no set that is not there', () => {
    const from = written((to) => void to.varint(1).u8(0).varint(0).varint(1));
    expect(() => readFlagNumbers(from, 1, () => 0)).toThrow('not in the table');
  });
});
