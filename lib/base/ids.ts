import { createHash, randomFillSync } from 'node:crypto';

/**
 * 16 random bytes with a birth time: 6 bytes of milliseconds, 1 byte of shared bit (0x80) and home region (0..127), 9
 * random bytes. Used for blobs, mailboxes, trees, spaces and snapshot pieces, written as 32 hex digits.
 */
export type Id = string & { readonly __id: unique symbol };

const POOL_BYTES = 4096;
const pool = Buffer.allocUnsafe(POOL_BYTES);
let poolAt = POOL_BYTES;

export function newId(nowMs: number, options: { readonly shared?: boolean; readonly region?: number } = {}): Id {
  const id = Buffer.allocUnsafe(16);
  id.writeUIntBE(nowMs, 0, 6);
  id[6] = (options.shared ? 0x80 : 0) | ((options.region ?? 0) & 0x7f);
  if (poolAt + 9 > POOL_BYTES) {
    randomFillSync(pool);
    poolAt = 0;
  }
  pool.copy(id, 7, poolAt, poolAt + 9);
  poolAt += 9;
  return id.toString('hex') as Id;
}

export function idFromBytes(bytes: Uint8Array): Id {
  return Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString('hex') as Id;
}

/** The id that is at a place among others. */
export function idAt(bytes: Buffer, at: number): Id {
  return bytes.toString('hex', at, at + 16) as Id;
}

export function idToBytes(id: Id): Buffer {
  return Buffer.from(id, 'hex');
}

/** Milliseconds since 1970 at which the id was made, by its maker's clock. */
export function idTimeMs(id: Id): number {
  return Number.parseInt(id.slice(0, 12), 16);
}

/** Whether the object may be held by several spaces (Rule 12). */
export function idIsShared(id: Id): boolean {
  return (Number.parseInt(id.slice(12, 14), 16) & 0x80) !== 0;
}

/** The id that `of` has within `goal`: always the same one, born at `nowMs`, in the region of `of`, and never shared. */
export function derivedId(nowMs: number, goal: Id, of: Id): Id {
  const id = Buffer.allocUnsafe(16);
  id.writeUIntBE(nowMs, 0, 6);
  id[6] = Number.parseInt(of.slice(12, 14), 16) & 0x7f;
  createHash('sha256').update(idToBytes(goal)).update(idToBytes(of)).digest().copy(id, 7, 0, 9);
  return id.toString('hex') as Id;
}
