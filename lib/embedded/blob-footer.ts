import { crc32 } from 'node:zlib';
import { FormatError } from '../base/bytes.ts';
import type { BlobMetadata } from '../store/ports.ts';

/**
 * A blob file is: body, metadata as JSON, tail. The tail is written last, so a file without one is torn: its writer is
 * still at work or died.
 *
 *     tail = body length 8, metadata length 4, crc32 4, magic 7, format 1
 *
 * The checksum covers the metadata, both lengths and the object's key, so that neither a message that contains a footer nor
 * a renamed file passes for an object.
 */
export const TAIL_BYTES = 24;
const LENGTHS_BYTES = 12;
const MAGIC = Buffer.from('cirrus\n', 'latin1');
const MAGIC_AT = 16;
const FORMAT = 1;

export interface Footer {
  readonly bodyBytes: number;
  /** Understood when it is asked for: who reads a message does not ask. */
  readonly metadata: BlobMetadata;
}

/** Metadata and tail of the object. */
export function encodeFooter(key: string, footer: Footer): Buffer {
  const metadata = Buffer.from(JSON.stringify(footer.metadata), 'utf8');
  const tail = Buffer.alloc(TAIL_BYTES);
  tail.writeBigUInt64BE(BigInt(footer.bodyBytes), 0);
  tail.writeUInt32BE(metadata.length, 8);
  const bytes = Buffer.concat([metadata, tail]);
  bytes.writeUInt32BE(checksum(key, bytes), metadata.length + LENGTHS_BYTES);
  MAGIC.copy(bytes, metadata.length + MAGIC_AT);
  bytes[bytes.length - 1] = FORMAT;
  return bytes;
}

/** How many bytes before the tail belong to the footer, by the end of a file; undefined when that is no tail. */
export function metadataBytes(end: Buffer, fileBytes: number): number | undefined {
  const at = end.length - TAIL_BYTES;
  if (at < 0) return undefined;
  for (let i = 0; i < MAGIC.length; i++) if (end[at + MAGIC_AT + i] !== MAGIC[i]) return undefined;
  const length = end.readUInt32BE(at + 8);
  return bodyBytesAt(end, at) + length + TAIL_BYTES === fileBytes ? length : undefined;
}

/** The footer that ends here: metadata, from `from` on, and tail; undefined when it is not this object's: the file is torn. */
export function decodeFooter(key: string, end: Buffer, from: number): Footer | undefined {
  const at = end.length - TAIL_BYTES;
  if (end.readUInt32BE(at + LENGTHS_BYTES) !== checksum(key, end, from)) return undefined;
  const format = end[end.length - 1];
  if (format !== FORMAT) throw new FormatError(`blob ${key} has format ${format}; this version reads ${FORMAT}`);
  return {
    bodyBytes: bodyBytesAt(end, at),
    get metadata() {
      return JSON.parse(end.toString('utf8', from, at)) as BlobMetadata;
    },
  };
}

/** Above 2^53 it is a length that no file has. */
function bodyBytesAt(bytes: Buffer, tailAt: number): number {
  return bytes.readUInt32BE(tailAt) * 2 ** 32 + bytes.readUInt32BE(tailAt + 4);
}

/** Of key, metadata, which begins at `from`, and lengths. */
function checksum(key: string, end: Buffer, from = 0): number {
  return crc32(end.subarray(from, end.length - TAIL_BYTES + LENGTHS_BYTES), crc32(key));
}
