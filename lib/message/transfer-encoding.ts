import { asBuffer } from '../base/bytes.ts';

/** Undoes a content transfer encoding piece by piece; lenient, never throws. */
export interface TransferDecoder {
  write(bytes: Uint8Array): Buffer;
  end(): Buffer;
}

/** A decoder for a Content-Transfer-Encoding (RFC 2045 §6), or undefined when nobody knows that encoding. */
export function transferDecoder(encoding: string): TransferDecoder | undefined {
  switch (encoding.toLowerCase()) {
    case '':
    case '7bit':
    case '8bit':
    case 'binary':
      return identity;
    case 'base64':
      return new Base64Decoder();
    case 'quoted-printable':
      return new QuotedPrintableDecoder();
    default:
      return undefined;
  }
}

/** Decodes all the bytes at once; undefined for an unknown encoding. */
export function decodeTransfer(bytes: Uint8Array, encoding: string): Buffer | undefined {
  const decoder = transferDecoder(encoding);
  if (decoder === undefined) return undefined;
  const text = decoder.write(bytes);
  const rest = decoder.end();
  return rest.length === 0 ? text : Buffer.concat([text, rest]);
}

const nothing: Buffer = Buffer.alloc(0);

const identity: TransferDecoder = { write: (bytes) => asBuffer(bytes), end: () => nothing };

const base64Values = new Int8Array(256).fill(-1);
for (const [value, char] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) {
  base64Values[char.charCodeAt(0)] = value;
}

/** RFC 2045 §6.8: what is not of the alphabet is ignored; padding ends a group, and more may follow it. */
class Base64Decoder implements TransferDecoder {
  #bits = 0;
  #count = 0;

  write(bytes: Uint8Array): Buffer {
    const out = Buffer.allocUnsafe(Math.ceil((bytes.length * 3) / 4) + 3);
    let length = 0;
    let bits = this.#bits;
    let count = this.#count;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] ?? 0;
      const value = base64Values[byte] ?? -1;
      if (value < 0) {
        if (byte !== equals) continue;
        bits = 0;
        count = 0;
        continue;
      }
      bits = (bits << 6) | value;
      count += 6;
      if (count >= 8) {
        count -= 8;
        out[length++] = bits >> count;
        bits &= (1 << count) - 1;
      }
    }
    this.#bits = bits;
    this.#count = count;
    return out.subarray(0, length);
  }

  end(): Buffer {
    return nothing;
  }
}

const equals = 0x3d;
const lf = 0x0a;
const cr = 0x0d;

/** White space kept until it is known whether it ends its line; a longer run is content. */
const maxHeldBlanks = 1000;

/**
 * RFC 2045 §6.7: white space at the end of a line is not content, `=` at the end of a line joins it to the next, and
 * an `=` that begins nothing stands for itself.
 */
class QuotedPrintableDecoder implements TransferDecoder {
  /** White space, or the beginning of an `=` sequence, that cannot be judged yet. */
  #held: number[] = [];

  write(bytes: Uint8Array): Buffer {
    const out = new Output(bytes.length + this.#held.length + 3);
    for (let i = 0; i < bytes.length; i++) this.#byte(bytes[i] ?? 0, out);
    return out.bytes();
  }

  end(): Buffer {
    const [first] = this.#held;
    // White space at the very end is transport padding too, and so is an `=` that would join nothing.
    const keep = first === equals && this.#held.length > 1 && !this.#held.slice(1).every(isBlankOrCr);
    const rest = keep ? Buffer.from(this.#held) : nothing;
    this.#held = [];
    return rest;
  }

  #byte(byte: number, out: Output): void {
    const held = this.#held;
    if (held.length === 0) {
      if (byte === equals || byte === cr || isBlank(byte)) held.push(byte);
      else out.push(byte);
    } else if (held[0] === equals) this.#afterEquals(byte, out);
    else this.#afterBlanks(byte, out);
  }

  #afterEquals(byte: number, out: Output): void {
    const held = this.#held;
    if (byte === lf && held.slice(1).every(isBlankOrCr)) {
      this.#held = [];
      return;
    }
    const [, high] = held;
    if (held.length === 2 && high !== undefined && hexValue(high) >= 0 && hexValue(byte) >= 0) {
      out.push(hexValue(high) * 16 + hexValue(byte));
      this.#held = [];
      return;
    }
    const onlyBlanks = held.length === 1 || isBlankOrCr(high ?? 0);
    const mayGoOn = (held.length === 1 && hexValue(byte) >= 0) || (onlyBlanks && isBlankOrCr(byte));
    if (mayGoOn && held.length < maxHeldBlanks) held.push(byte);
    else this.#flushThen(byte, out);
  }

  /** After white space, or a CR that may belong to a line end. */
  #afterBlanks(byte: number, out: Output): void {
    const held = this.#held;
    if (byte === lf) {
      if (held.at(-1) === cr) out.push(cr);
      out.push(lf);
      this.#held = [];
    } else if (isBlankOrCr(byte) && held.at(-1) !== cr && held.length < maxHeldBlanks) held.push(byte);
    else this.#flushThen(byte, out);
  }

  /** What was held stands for itself; then the byte at hand is looked at afresh. */
  #flushThen(byte: number, out: Output): void {
    const [first, ...rest] = this.#held;
    this.#held = [];
    if (first === undefined) return;
    out.push(first);
    // After a literal `=` the rest has to be judged again; it is never longer than what was held.
    if (first === equals) for (const one of rest) this.#byte(one, out);
    else for (const one of rest) out.push(one);
    this.#byte(byte, out);
  }
}

/** A buffer with room for all a piece can decode to. */
class Output {
  readonly #buffer: Buffer;
  #length = 0;

  constructor(maxBytes: number) {
    this.#buffer = Buffer.allocUnsafe(maxBytes);
  }

  push(byte: number): void {
    this.#buffer[this.#length++] = byte;
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09;
}

function isBlankOrCr(byte: number): boolean {
  return byte === cr || isBlank(byte);
}

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const upper = byte & 0xdf;
  return upper >= 0x41 && upper <= 0x46 ? upper - 0x37 : -1;
}
