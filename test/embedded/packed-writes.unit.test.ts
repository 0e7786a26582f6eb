import { expect, test } from 'vitest';
import type { Write } from '../../lib/embedded/index-writes.ts';
import { packWrites, unpackWrites } from '../../lib/embedded/packed-writes.ts';

test("writes come out as they went in, and what was given stays the giver's", () => {
  const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
  const key = { pk: bytes('account'), sk: bytes('') };
  const writes: readonly Write[] = [
    { do: 'put', ...key, item: bytes('an item'), rev: 7, condition: { rev: 6 } },
    { do: 'put', ...key, item: bytes(''), rev: null, condition: 'absent' },
    { do: 'delete', pk: bytes('p'), sk: bytes('sort'), condition: { rev: 1 } },
    { do: 'add', ...key, deltas: { bytes: -5 } },
  ];
  const packed = packWrites(writes);
  const there = structuredClone(packed, { transfer: [packed.bytes.buffer] });
  expect(unpackWrites(there)).toEqual(writes);
  expect(key.pk).toEqual(bytes('account'));
  expect(unpackWrites(packWrites([]))).toEqual([]);
});
