import { isAscii as holdsAscii } from 'node:buffer';
import { TextDecoder } from 'node:util';
import iconv from 'iconv-lite';
import { asBuffer } from '../base/bytes.ts';

/** Bytes of one charset to text, piece by piece; malformed input becomes U+FFFD, nothing throws. */
export interface CharsetDecoder {
  write(bytes: Uint8Array): string;
  end(): string;
}

/** A decoder for a MIME charset name; an unknown one is read as UTF-8 where it is that, else as windows-1252. */
export function charsetDecoder(charset: string): CharsetDecoder {
  const label = charset.trim().toLowerCase().slice(0, maxLabel);
  return extendsAscii.test(label) ? new AsciiFirst(label) : wholeDecoder(label);
}

function wholeDecoder(label: string): CharsetDecoder {
  if (isAscii(label)) return new GuessingDecoder();
  return webDecoder(label) ?? iconvDecoder(label) ?? new GuessingDecoder();
}

/** Those whose ASCII octets stand for themselves unless another octet is before them. */
const extendsAscii =
  /^(?:|utf-?8|(?:us-)?ascii|unknown-8bit|iso-?8859-\d+|windows-125\d|koi8-[ru]|gb2312|gbk|gb18030|big5|euc-(?:kr|jp)|shift_jis)$/;

/** Most text is ASCII whatever it is called, and then no decoder is made: that costs more than to decode a message. */
class AsciiFirst implements CharsetDecoder {
  readonly #label: string;
  #decoder: CharsetDecoder | undefined;

  constructor(label: string) {
    this.#label = label;
  }

  write(bytes: Uint8Array): string {
    if (this.#decoder === undefined) {
      if (holdsAscii(bytes)) return asBuffer(bytes).toString('latin1');
      this.#decoder = wholeDecoder(this.#label);
    }
    return this.#decoder.write(bytes);
  }

  end(): string {
    return this.#decoder?.end() ?? '';
  }
}

/** Whether a charset of this name can be decoded as what it is. */
export function knowsCharset(charset: string): boolean {
  const label = charset.trim().toLowerCase().slice(0, maxLabel);
  return isAscii(label) || webDecoder(label) !== undefined || iconvDecoder(label) !== undefined;
}

/** Decodes all the bytes at once. */
export function decodeCharset(bytes: Uint8Array, charset: string): string {
  const decoder = charsetDecoder(charset);
  return decoder.write(bytes) + decoder.end();
}

const maxLabel = 64;

/** What senders call text when they do not know what it is. */
function isAscii(label: string): boolean {
  return label === '' || label === 'us-ascii' || label === 'ascii' || label === 'unknown-8bit';
}

function webDecoder(label: string): CharsetDecoder | undefined {
  try {
    const decoder = new TextDecoder(label);
    return {
      write: (bytes) => decoder.decode(bytes, { stream: true }),
      end: () => decoder.decode(),
    };
  } catch {
    return undefined;
  }
}

/** Its table also has byte-to-text codecs, such as base64, that are no charsets. */
const iconvNames =
  /^(?:utf-?(?:7|32|32le|32be)|(?:cp|ibm|windows|iso-?8859)-?\d+|koi8-?\w+|mac\w+|tis-?620|viscii|tcvn|hproman8|armscii8|georgian\w+|rk1048|pt154)$/;

/** iconv-lite knows what the Encoding Standard left out: UTF-7, the code pages of DOS, and their like. */
function iconvDecoder(label: string): CharsetDecoder | undefined {
  if (!iconvNames.test(label) || !iconv.encodingExists(label)) return undefined;
  if (/^utf-?7/.test(label)) return new Utf7Decoder(label);
  const decoder = iconv.getDecoder(label);
  return {
    write: (bytes) => decoder.write(asBuffer(bytes)),
    end: () => decoder.end() ?? '',
  };
}

/** iconv-lite loses its place when a piece ends within a shifted sequence, so these are kept together. */
class Utf7Decoder implements CharsetDecoder {
  readonly #label: string;
  #held: Buffer = Buffer.alloc(0);

  constructor(label: string) {
    this.#label = label;
  }

  write(bytes: Uint8Array): string {
    const all = Buffer.concat([this.#held, bytes]);
    const shift = unclosedShift(all);
    const isOpen = shift >= 0 && all.length - shift < maxShiftedBytes;
    const cut = isOpen ? shift : all.length;
    this.#held = all.subarray(cut);
    return iconv.decode(all.subarray(0, cut), this.#label);
  }

  end(): string {
    return iconv.decode(this.#held, this.#label);
  }
}

/** Where the last shifted sequence begins if nothing has ended it, else -1; a `+` inside it is base64. */
function unclosedShift(bytes: Buffer): number {
  let open = -1;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (open < 0) open = byte === plus ? i : -1;
    else if (!isBase64(byte)) open = -1;
  }
  return open;
}

const plus = 0x2b;

function isBase64(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) || ((byte & 0xdf) >= 0x41 && (byte & 0xdf) <= 0x5a) || byte === 0x2f || byte === plus
  );
}

/** A shifted sequence longer than this is not text in any language. */
const maxShiftedBytes = 64 * 1024;

/** UTF-8 until a byte sequence is not, and windows-1252 from the piece in which that happens. */
class GuessingDecoder implements CharsetDecoder {
  #utf8: TextDecoder | undefined = new TextDecoder('utf-8', { fatal: true });
  readonly #single = new TextDecoder('windows-1252');
  /** The start of a character whose rest has not come. */
  #held: Uint8Array = new Uint8Array(0);

  write(bytes: Uint8Array): string {
    if (this.#utf8 === undefined) return this.#single.decode(bytes);
    const all = Buffer.concat([this.#held, bytes]);
    const complete = completeLength(all);
    try {
      const text = this.#utf8.decode(all.subarray(0, complete), { stream: true });
      this.#held = all.subarray(complete);
      return text;
    } catch {
      this.#utf8 = undefined;
      this.#held = new Uint8Array(0);
      return this.#single.decode(all);
    }
  }

  end(): string {
    return this.#single.decode(this.#held);
  }
}

/** The length of the bytes without a UTF-8 sequence that is cut off at their end. */
function completeLength(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte >= 0xc0) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return needed > back ? bytes.length - back : bytes.length;
    }
    if (byte < 0x80) break;
  }
  return bytes.length;
}
