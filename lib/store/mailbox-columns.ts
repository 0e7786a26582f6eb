import { ByteWriter } from '../base/bytes.ts';
import { idFromBytes, idToBytes } from '../base/ids.ts';
import type { FlagSets } from './flag-sets.ts';
import { BLOCK_ROWS, type Block, type ColdRow } from './mailbox-block.ts';
import { readFlagNumbers, writeFlagColumn } from './mailbox-records.ts';
import type { Chain, DeliveryMark, Expunged } from './mailbox-view.ts';
import { pack, unpack } from './packed.ts';
import { NONCE_BYTES } from './record.ts';
import { UidSet } from './uid-set.ts';

const FORMAT = 1;

/** One message of a hot piece. */
export interface HotRow {
  readonly uid: number;
  readonly bits: bigint;
  readonly seq: number;
}

/** uid, flags, seq of the rows: columns of differences, at most 6 bytes a message when deflated. */
export function encodeHot(rows: readonly HotRow[]): Buffer {
  const to = new ByteWriter(rows.length * 4 + 64).varint(rows.length);
  let last = 0;
  for (const { uid } of rows) {
    to.varint(uid - last);
    last = uid;
  }
  writeFlagColumn(
    to,
    rows.map(({ bits }) => bits),
  );
  last = 0;
  for (const { seq } of rows) {
    to.signed(seq - last);
    last = seq;
  }
  return pack(to, FORMAT);
}

/** The rows as blocks whose cold columns are not loaded. */
export function decodeHot(packed: Buffer, flagSets: FlagSets): Block[] {
  const from = unpack(packed, FORMAT, 'a piece of messages');
  const count = from.varint();
  const uids = from.ascending(new Uint32Array(count));
  const flags = readFlagNumbers(from, count, (bits) => flagSets.indexOf(bits));
  const seqs = from.differences(new Float64Array(count));
  const blocks: Block[] = [];
  for (let at = 0; at < count; at += BLOCK_ROWS) {
    const end = at + BLOCK_ROWS;
    blocks.push({
      uids: uids.slice(at, end),
      flags: flags.slice(at, end),
      seqs: seqs.slice(at, end),
      cold: { columns: undefined },
    });
  }
  return blocks;
}

export function encodeCold(rows: readonly (readonly [uid: number, row: ColdRow])[]): Buffer {
  const to = new ByteWriter(rows.length * 30 + 64).varint(rows.length);
  let last = 0;
  for (const [uid] of rows) {
    to.varint(uid - last);
    last = uid;
  }
  for (const [, { sizeBytes }] of rows) to.varint(sizeBytes);
  for (const column of ['internalDate', 'savedDate'] as const) {
    last = 0;
    for (const [, row] of rows) {
      to.signed(row[column] - last);
      last = row[column];
    }
  }
  for (const [, { blob }] of rows) to.fixed(idToBytes(blob));
  return pack(to, FORMAT);
}

/** Rows by UID, ascending. */
export function decodeCold(packed: Buffer): Map<number, ColdRow> {
  const from = unpack(packed, FORMAT, 'a piece of message data');
  const count = from.varint();
  const column = (next: (last: number) => number): number[] => {
    let last = 0;
    return Array.from({ length: count }, () => (last = next(last)));
  };
  const uids = column((last) => last + from.varint());
  const sizes = column(() => from.varint());
  const internalDates = column((last) => last + from.signed());
  const savedDates = column((last) => last + from.signed());
  return new Map(
    uids.map((uid, i) => [
      uid,
      {
        blob: idFromBytes(from.fixed(16)),
        sizeBytes: sizes[i] ?? 0,
        internalDate: internalDates[i] ?? 0,
        savedDate: savedDates[i] ?? 0,
      },
    ]),
  );
}

/** Newest first. */
export function* chainItems<T>(chain: Chain<T> | undefined): Generator<T> {
  for (let at = chain; at !== undefined; at = at.older) yield at.item;
}

/** From items in ascending order of age's opposite: the last becomes the newest. */
export function chainOf<T>(oldestFirst: Iterable<T>): Chain<T> | undefined {
  let chain: Chain<T> | undefined;
  for (const item of oldestFirst) chain = { item, older: chain };
  return chain;
}

export function encodeExpunged(oldestFirst: readonly Expunged[]): Buffer {
  const to = new ByteWriter(1024).varint(oldestFirst.length);
  let [lastSeq, lastMs] = [0, 0];
  for (const { seq, timeMs, uids } of oldestFirst) {
    to.varint(seq - lastSeq).signed(timeMs - lastMs);
    uids.write(to);
    [lastSeq, lastMs] = [seq, timeMs];
  }
  return pack(to, FORMAT);
}

export function decodeExpunged(packed: Buffer): Expunged[] {
  const from = unpack(packed, FORMAT, 'a piece of expunged messages');
  let [seq, timeMs] = [0, 0];
  return Array.from({ length: from.varint() }, () => {
    seq += from.varint();
    timeMs += from.signed();
    return { seq, timeMs, uids: UidSet.read(from), rows: new Map() };
  });
}

export function encodeNonces(marks: readonly DeliveryMark[]): Buffer {
  const to = new ByteWriter(marks.length * 16 + 16).varint(marks.length);
  for (const { seq, timeMs, nonce } of marks) to.varint(seq).varint(timeMs).fixed(nonce);
  return pack(to, FORMAT);
}

export function decodeNonces(packed: Buffer): DeliveryMark[] {
  const from = unpack(packed, FORMAT, 'a piece of delivery marks');
  return Array.from({ length: from.varint() }, () => ({
    seq: from.varint(),
    timeMs: from.varint(),
    nonce: Buffer.from(from.fixed(NONCE_BYTES)),
  }));
}
