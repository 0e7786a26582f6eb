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
const MAGIC = Buffer.from('cirrus\n', 'latin1');
const FORMAT = 1;

export interface Footer {
  readonly bodyBytes: number;
  readonly metadata: BlobMetadata;
}

/** Metadata and tail of the object. */
export function encodeFooter(key: string, footer: Footer): Buffer {
  const metadata = Buffer.from(JSON.stringify(footer.metadata), 'utf8');
  const tail = Buffer.alloc(TAIL_BYTES);
  tail.writeBigUInt64BE(BigInt(footer.bodyBytes), 0);
  tail.writeUInt32BE(metadata.length, 8);
  tail.writeUInt32BE(checksum(key, metadata, tail), 12);
  MAGIC.copy(tail, 16);
  tail[23] = FORMAT;
  return Buffer.concat([metadata, tail]);
}

/** How many bytes before the tail belong to the footer; undefined when the file's last bytes are no tail. */
export function metadataBytes(tail: Buffer, fileBytes: number): number | undefined {
  if (tail.length < TAIL_BYTES || !tail.subarray(16, 23).equals(MAGIC)) return undefined;
  const length = tail.readUInt32BE(8);
  if (tail.readBigUInt64BE(0) + BigInt(length + TAIL_BYTES) !== BigInt(fileBytes)) return undefined;
  return length;
}

/** The footer from its bytes (metadata and tail); undefined when they are not this object's: the file is torn. */
export function decodeFooter(key: string, bytes: Buffer): Footer | undefined {
  const tail = bytes.subarray(-TAIL_BYTES);
  const metadata = bytes.subarray(0, -TAIL_BYTES);
  if (tail.readUInt32BE(12) !== checksum(key, metadata, tail)) return undefined;
  if (tail[23] !== FORMAT) throw new FormatError(`blob ${key} has format ${tail[23]}; this version reads ${FORMAT}`);
  return {
    bodyBytes: Number(tail.readBigUInt64BE(0)),
    metadata: JSON.parse(metadata.toString('utf8')) as BlobMetadata,
  };
}

function checksum(key: string, metadata: Buffer, tail: Buffer): number {
  return crc32(tail.subarray(0, 12), crc32(metadata, crc32(key)));
}
