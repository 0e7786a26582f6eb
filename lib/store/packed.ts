import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { ByteReader, type ByteWriter } from '../base/bytes.ts';
import { assertFormat } from './head.ts';

/** Reads what {@link pack} wrote. Throws `StoreError('format')` when it is of another format; `what` is named then. */
export function unpack(packed: Buffer, format: number, what: string): ByteReader {
  const from = new ByteReader(packed);
  assertFormat(from.u8(), format, what);
  return new ByteReader(inflateRawSync(from.fixed(from.remaining)));
}

/** One byte for the format, then the body, deflated. */
export function pack(body: ByteWriter, format: number): Buffer {
  return Buffer.concat([Buffer.of(format), deflateRawSync(body.finish(), { level: 3 })]);
}
