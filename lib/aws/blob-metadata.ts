import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { asBuffer, ByteReader, ByteWriter } from '../base/bytes.ts';
import { BLOB_METADATA_BYTES } from '../store/port-limits.ts';
import type { BlobMetadata } from '../store/ports.ts';

/** S3's limit for names and values together (x-amz-meta-* without that prefix). */
const S3_BYTES = 2048;
/** Who put the object: how a writer whose answer was lost knows its own. */
const WRITER = 'cirrus-w';
const PACKED = 'cirrus-p';
const OWN = /^cirrus-/;

const PLAIN_NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
// What passes through a header, a signature and S3's decoding of RFC 2047 words as it is.
const PLAIN_VALUE = /^(?!.*=\?)[\x21-\x7e]+( [\x21-\x7e]+)*$/;

const BLOCK_BYTES = 9;
const BLOCK_DIGITS = 11; /* 94^11 > 2^72 */
const BASE = 94n;
const FIRST_DIGIT = 0x21;

/**
 * Metadata as S3 takes it: as it is where that is plain ASCII, else packed. S3 wants ASCII and at most 2 KB, which base64 of
 * 1.8 KB would not be.
 */
export function s3Metadata(metadata: BlobMetadata, writer: string): Record<string, string> {
  const entries = Object.entries(metadata);
  if (entries.every(([name, value]) => PLAIN_NAME.test(name) && !OWN.test(name) && PLAIN_VALUE.test(value)))
    return { ...metadata, [WRITER]: writer };
  const bytes = new ByteWriter();
  for (const [name, value] of entries) bytes.string(name).string(value);
  const packed = { [PACKED]: toDigits(deflateRawSync(bytes.finish(), { level: 9 })), [WRITER]: writer };
  const total = Object.entries(packed).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (total > S3_BYTES) throw new RangeError(`blob metadata of ${total} bytes once packed; S3 takes ${S3_BYTES}`);
  return packed;
}

/** What {@link s3Metadata} was given. */
export function blobMetadata(stored: Readonly<Record<string, string>> = {}): BlobMetadata {
  const packed = stored[PACKED];
  if (packed === undefined) return Object.fromEntries(Object.entries(stored).filter(([name]) => !OWN.test(name)));
  const reader = new ByteReader(
    asBuffer(inflateRawSync(fromDigits(packed), { maxOutputLength: 2 * BLOB_METADATA_BYTES })),
  );
  const metadata: Record<string, string> = {};
  while (reader.remaining > 0) {
    const name = reader.string();
    metadata[name] = reader.string();
  }
  return metadata;
}

/** Whether that writer put the object. */
export function isWrittenBy(stored: Readonly<Record<string, string>> | undefined, writer: string): boolean {
  return stored?.[WRITER] === writer;
}

/** Printable ASCII without spaces, 11 digits for 9 bytes; the last block is filled up and says by how much. */
function toDigits(bytes: Buffer): string {
  const fill = (BLOCK_BYTES - (bytes.length % BLOCK_BYTES)) % BLOCK_BYTES;
  const whole = Buffer.concat([bytes, Buffer.alloc(fill)]);
  let text = String(fill);
  for (let at = 0; at < whole.length; at += BLOCK_BYTES) {
    let value = BigInt(`0x${whole.toString('hex', at, at + BLOCK_BYTES)}`);
    let block = '';
    for (let digit = 0; digit < BLOCK_DIGITS; digit++, value /= BASE)
      block = String.fromCharCode(FIRST_DIGIT + Number(value % BASE)) + block;
    text += block;
  }
  return text;
}

function fromDigits(text: string): Buffer {
  const blocks: string[] = [];
  for (let at = 1; at < text.length; at += BLOCK_DIGITS) {
    let value = 0n;
    for (const digit of text.slice(at, at + BLOCK_DIGITS))
      value = value * BASE + BigInt(digit.charCodeAt(0) - FIRST_DIGIT);
    blocks.push(value.toString(16).padStart(2 * BLOCK_BYTES, '0'));
  }
  const whole = Buffer.from(blocks.join(''), 'hex');
  return whole.subarray(0, whole.length - Number(text[0]));
}
