import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { type Id, idFromBytes, idToBytes } from '../base/ids.ts';
import { StoreError } from './errors.ts';

/** What a change wants written; `seq`, time and nonce are given by the commit. */
export interface RecordDraft {
  /** 1 to 63, meaning by the log's type. */
  readonly kind: number;
  readonly body: Buffer;
}

/** One committed change of a log. */
export interface LogRecord extends RecordDraft {
  readonly seq: number;
  readonly timeMs: number;
  /** 8 bytes by which its committer finds it again after a lost answer (Rule 3). */
  readonly nonce: Buffer;
}

/** Where the body of a large record is: an item `X#<hash16>`, or an object when `object` is given. */
export interface LargeBody {
  readonly hash16: Buffer;
  readonly sizeBytes: number;
  readonly object: Id | undefined;
}

/** A record as stored in a head or segment: its body inline, or a reference. */
export interface StoredRecord {
  readonly kind: number;
  readonly seq: number;
  readonly timeMs: number;
  readonly nonce: Buffer;
  readonly body: Buffer | LargeBody;
}

export const NONCE_BYTES = 8;
const LARGE = 0x80;
const KIND = 0x3f;

export function isLarge(body: Buffer | LargeBody): body is LargeBody {
  return !Buffer.isBuffer(body);
}

/** Whether a stored record's body lies outside its head or segment. */
export function hasLargeBody(record: StoredRecord): record is StoredRecord & { readonly body: LargeBody } {
  return isLarge(record.body);
}

/** length, kind, seq, time, nonce, then the body or where it is. */
export function encodeRecord(record: StoredRecord): Buffer {
  const inner = new ByteWriter(64);
  const large = isLarge(record.body);
  inner
    .u8(record.kind | (large ? LARGE : 0))
    .varint(record.seq)
    .varint(record.timeMs)
    .fixed(record.nonce);
  if (isLarge(record.body)) {
    inner.fixed(record.body.hash16).varint(record.body.sizeBytes);
    inner.u8(record.body.object === undefined ? 0 : 1);
    if (record.body.object !== undefined) inner.fixed(idToBytes(record.body.object));
  } else {
    inner.fixed(record.body);
  }
  const packed = inner.finish();
  return new ByteWriter(packed.length + 4).bytes(packed).finish();
}

/** Reads a series of records, as a head's tail or a segment holds them. */
export function decodeRecords(packed: Uint8Array): StoredRecord[] {
  const reader = new ByteReader(packed);
  const records: StoredRecord[] = [];
  while (reader.remaining > 0) records.push(decodeRecord(new ByteReader(reader.bytes())));
  return records;
}

function decodeRecord(reader: ByteReader): StoredRecord {
  const head = reader.u8();
  const kind = head & KIND;
  if (kind === 0 || (head & 0x40) !== 0) throw unknownKind('log', head);
  const seq = reader.varint();
  const timeMs = reader.varint();
  const nonce = Buffer.from(reader.fixed(NONCE_BYTES));
  if ((head & LARGE) === 0) return { kind, seq, timeMs, nonce, body: reader.fixed(reader.remaining) };
  const hash16 = Buffer.from(reader.fixed(16));
  const sizeBytes = reader.varint();
  const object = reader.u8() === 0 ? undefined : idFromBytes(reader.fixed(16));
  return { kind, seq, timeMs, nonce, body: { hash16, sizeBytes, object } };
}

/** A record that only a newer version knows: refused, because what it changed cannot be guessed (Rule 23). */
export function unknownKind(of: string, kind: number): StoreError {
  return new StoreError(
    'format',
    `a ${of} has a record of kind ${kind}, which this version does not know: upgrade first`,
  );
}
