import type { Id } from '../base/ids.ts';
import { idAt, idToBytes } from '../base/ids.ts';
import type { UidSet } from './uid-set.ts';

/** Rows per block: small enough to copy for one changed flag, large enough that a million messages are few blocks. */
export const BLOCK_ROWS = 1024;

/** What FETCH needs of a message and SELECT does not. */
export interface ColdRow {
  readonly blob: Id;
  readonly sizeBytes: number;
  /** INTERNALDATE, seconds since 1970. */
  readonly internalDate: number;
  /** When it came into this mailbox (RFC 8514), seconds since 1970. */
  readonly savedDate: number;
}

/** The cold columns of a block's rows, in their order. */
export interface ColdColumns {
  readonly blobs: Buffer;
  readonly sizes: Float64Array;
  readonly internalDates: Float64Array;
  readonly savedDates: Float64Array;
}

/** Filled once, from the snapshot, and shared by all versions of a block with the same rows. */
export interface ColdCell {
  columns: ColdColumns | undefined;
}

/** Some consecutive messages of a mailbox, ascending by UID. Never changed; a change makes another block. */
export interface Block {
  readonly uids: Uint32Array;
  /** Index into the mailbox's flag sets. */
  readonly flags: Uint32Array;
  /** Seq of the record that last touched the message; its modseq is this times 2^16. */
  readonly seqs: Float64Array;
  readonly cold: ColdCell;
}

export function firstUid(block: Block): number {
  return block.uids[0] ?? 0;
}

export function lastUid(block: Block): number {
  return block.uids[block.uids.length - 1] ?? 0;
}

/** Index of the first row whose UID is at least `uid`. */
export function lowerBound(uids: Uint32Array, uid: number): number {
  let low = 0;
  let high = uids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((uids[middle] as number) < uid) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Rows of a block from one to before another. */
export interface RowRun {
  readonly from: number;
  readonly end: number;
}

/** The rows of messages of the set, neighbours with the same flags together: mostly whole blocks have the same. */
export function* rowRuns({ uids, flags }: Block, set: UidSet): Generator<RowRun> {
  for (const [first, last] of set.within(uids[0] as number, uids[uids.length - 1] as number).ranges()) {
    const beyond = lowerBound(uids, last + 1);
    for (let from = lowerBound(uids, first); from < beyond; ) {
      const end = endOfRun(flags, from, beyond);
      yield { from, end };
      from = end;
    }
  }
}

/** The first row after `from` that has another number, or `beyond`. */
function endOfRun(numbers: Uint32Array, from: number, beyond: number): number {
  const number = numbers[from];
  let end = from + 1;
  while (end < beyond && numbers[end] === number) end++;
  return end;
}

/** Adds the UIDs of rows to a set: without a gap they are one range. */
export function addRows(uids: Uint32Array, { from, end }: RowRun, add: (from: number, to: number) => void): void {
  const [first, last] = [uids[from] as number, uids[end - 1] as number];
  if (last - first === end - 1 - from) add(first, last);
  else for (let row = from; row < end; row++) add(uids[row] as number, uids[row] as number);
}

/** In the place of a message that an old view still shows and whose data are gone for good (Rule 9). */
export const GONE: ColdRow = { blob: '0'.repeat(32) as Id, sizeBytes: 0, internalDate: 0, savedDate: 0 };

/** Whether the row's data are gone. */
export function isGoneAt({ blobs }: ColdColumns, row: number): boolean {
  for (let at = row * 16; at < row * 16 + 16; at++) if (blobs[at] !== 0) return false;
  return true;
}

/** Undefined: the row's data are gone. */
export function coldRowAt(columns: ColdColumns, row: number): ColdRow | undefined {
  const blob = idAt(columns.blobs, row * 16);
  if (blob === GONE.blob) return undefined;
  return {
    blob,
    sizeBytes: columns.sizes[row] ?? 0,
    internalDate: columns.internalDates[row] ?? 0,
    savedDate: columns.savedDates[row] ?? 0,
  };
}

export function coldColumns(rows: readonly ColdRow[]): ColdColumns {
  const blobs = Buffer.allocUnsafe(rows.length * 16);
  rows.forEach(({ blob }, i) => {
    blobs.set(idToBytes(blob), i * 16);
  });
  return {
    blobs,
    sizes: Float64Array.from(rows, ({ sizeBytes }) => sizeBytes),
    internalDates: Float64Array.from(rows, ({ internalDate }) => internalDate),
    savedDates: Float64Array.from(rows, ({ savedDate }) => savedDate),
  };
}

/** The block without the rows of `gone`; undefined when none is left. */
export function withoutRows(block: Block, gone: UidSet): Block | undefined {
  const kept: number[] = [];
  for (let row = 0; row < block.uids.length; row++) if (!gone.has(block.uids[row] as number)) kept.push(row);
  if (kept.length === 0) return undefined;
  const pick = <T extends Uint32Array | Float64Array>(column: T, into: T): T => {
    kept.forEach((row, i) => {
      into[i] = column[row] as number;
    });
    return into;
  };
  const { columns } = block.cold;
  return {
    uids: pick(block.uids, new Uint32Array(kept.length)),
    flags: pick(block.flags, new Uint32Array(kept.length)),
    seqs: pick(block.seqs, new Float64Array(kept.length)),
    cold: {
      columns: columns && {
        blobs: Buffer.concat(kept.map((row) => columns.blobs.subarray(row * 16, row * 16 + 16))),
        sizes: pick(columns.sizes, new Float64Array(kept.length)),
        internalDates: pick(columns.internalDates, new Float64Array(kept.length)),
        savedDates: pick(columns.savedDates, new Float64Array(kept.length)),
      },
    },
  };
}

/** One block with the rows of both, in order; the cold columns only when both have them. */
export function joined(a: Block, b: Block): Block {
  const [ca, cb] = [a.cold.columns, b.cold.columns];
  return {
    uids: concat32(a.uids, b.uids),
    flags: concat32(a.flags, b.flags),
    seqs: concat64(a.seqs, b.seqs),
    cold: {
      columns: ca &&
        cb && {
          blobs: Buffer.concat([ca.blobs, cb.blobs]),
          sizes: concat64(ca.sizes, cb.sizes),
          internalDates: concat64(ca.internalDates, cb.internalDates),
          savedDates: concat64(ca.savedDates, cb.savedDates),
        },
    },
  };
}

function concat32(a: Uint32Array, b: Uint32Array): Uint32Array {
  const out = new Uint32Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

function concat64(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
