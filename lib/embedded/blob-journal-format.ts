import { crc32 } from 'node:zlib';
import { FormatError } from '../base/bytes.ts';

const MAGIC = Buffer.from('CIRRUSJ');
const FORMAT = 1;
export const EPOCH_BYTES = 8;
export const HEADER_BYTES = MAGIC.length + 1 + EPOCH_BYTES;
/** Lengths of key and data, checksum over epoch, key and data. */
const RECORD_HEAD_BYTES = 12;

/** An object as it is in a journal: what its file holds, footer and all. */
export interface JournalRecord {
  readonly key: string;
  readonly file: Buffer;
}

/** Beginning of a journal. What an earlier filling left behind has another epoch, and is not read. */
export function encodeHeader(epoch: Buffer): Buffer {
  return Buffer.concat([MAGIC, Buffer.of(FORMAT), epoch]);
}

/** The pieces of a record, the object's own bytes not copied. */
export function encodeRecord(epoch: Buffer, key: string, pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  const name = Buffer.from(key, 'latin1');
  const head = Buffer.alloc(RECORD_HEAD_BYTES);
  let bytes = 0;
  let sum = crc32(name, crc32(epoch));
  for (const piece of pieces) {
    bytes += piece.length;
    sum = crc32(piece, sum);
  }
  head.writeUInt32BE(name.length, 0);
  head.writeUInt32BE(bytes, 4);
  head.writeUInt32BE(sum, 8);
  return [head, name, ...pieces];
}

/** The records of a journal up to the first that is torn or of an earlier filling. Throws `FormatError` on another format. */
export function* decodeJournal(journal: Buffer): Generator<JournalRecord> {
  if (journal.length < HEADER_BYTES || !journal.subarray(0, MAGIC.length).equals(MAGIC)) return;
  const format = journal[MAGIC.length];
  if (format !== FORMAT) throw new FormatError(`a journal has format ${format}; this version reads ${FORMAT}`);
  const epoch = journal.subarray(MAGIC.length + 1, HEADER_BYTES);
  for (let at = HEADER_BYTES; at + RECORD_HEAD_BYTES <= journal.length; ) {
    const keyAt = at + RECORD_HEAD_BYTES;
    const fileAt = keyAt + journal.readUInt32BE(at);
    const end = fileAt + journal.readUInt32BE(at + 4);
    if (end > journal.length || end === keyAt) return;
    if (crc32(journal.subarray(keyAt, end), crc32(epoch)) !== journal.readUInt32BE(at + 8)) return;
    yield { key: journal.toString('latin1', keyAt, fileAt), file: journal.subarray(fileAt, end) };
    at = end;
  }
}
