import type { Write } from './index-writes.ts';

/**
 * Writes as they go to another thread: their bytes in one piece of memory that is handed over. To clone a typed array costs
 * more than the rest of a write, and each write has three.
 */
export interface PackedWrites {
  readonly writes: readonly PackedWrite[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

type Bytes = 'pk' | 'sk' | 'item';

/** A write without its bytes: how many are its `pk`, `sk` and item. */
type PackedWrite = WithLengths<Write>;
type WithLengths<W> = W extends Write ? { readonly [K in keyof W]: K extends Bytes ? number : W[K] } : never;

/** The bytes are copied: those that are given stay as they are. */
export function packWrites(writes: readonly Write[]): PackedWrites {
  const bytes = new Uint8Array(writes.reduce((sum, write) => sum + bytesOf(write), 0));
  let at = 0;
  const take = (part: Uint8Array): number => {
    bytes.set(part, at);
    at += part.length;
    return part.length;
  };
  const packed = writes.map((write): PackedWrite => {
    const key = { pk: take(write.pk), sk: take(write.sk) };
    return write.do === 'put' ? { ...write, ...key, item: take(write.item) } : { ...write, ...key };
  });
  return { writes: packed, bytes };
}

/** The writes again; their bytes are parts of the packed ones. */
export function unpackWrites({ writes, bytes }: PackedWrites): readonly Write[] {
  let at = 0;
  const next = (length: number): Uint8Array => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  return writes.map((write): Write => {
    const key = { pk: next(write.pk), sk: next(write.sk) };
    return write.do === 'put' ? { ...write, ...key, item: next(write.item) } : { ...write, ...key };
  });
}

function bytesOf(write: Write): number {
  return write.pk.length + write.sk.length + (write.do === 'put' ? write.item.length : 0);
}
