import { ByteReader, ByteWriter, FormatError } from '../base/bytes.ts';
import type { Item } from '../store/ports.ts';

// An item: format, then per attribute a tag (type * 4 + length of the name), the name, the value.
const FORMAT = 1;
const BYTES = 0;
const COUNT = 1; /* a number >= 0 */
const NEGATIVE = 2; /* a number < 0, its magnitude */

/** The item as stored bytes. */
export function encodeItem(item: Item): Buffer {
  const out = new ByteWriter(256).u8(FORMAT);
  for (const [name, value] of Object.entries(item)) {
    const type = typeof value !== 'number' ? BYTES : value < 0 ? NEGATIVE : COUNT;
    out.u8(type * 4 + name.length).fixed(Buffer.from(name, 'latin1'));
    if (typeof value === 'number') out.varint(Math.abs(value));
    else out.bytes(value);
  }
  return out.finish();
}

/** What {@link encodeItem} wrote; anything else is a {@link FormatError} (Rule 23). */
export function decodeItem(bytes: Uint8Array): Item {
  const input = new ByteReader(bytes);
  const format = input.u8();
  if (format !== FORMAT) throw new FormatError(`item of format ${format}; this version reads ${FORMAT}`);
  const item: Record<string, number | Uint8Array> = {};
  while (input.remaining > 0) {
    const tag = input.u8();
    const name = input.fixed(tag & 3).toString('latin1');
    item[name] = readValue(tag >> 2, input);
  }
  return item;
}

function readValue(type: number, input: ByteReader): number | Uint8Array {
  if (type === BYTES) return input.bytes();
  if (type === COUNT) return input.varint();
  if (type === NEGATIVE) return -input.varint();
  throw new FormatError(`attribute of type ${type}`);
}
