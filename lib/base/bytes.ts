/** The stored bytes are shorter or other than their format says: corruption, or a newer format. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
}

/** Builds packed binary: unsigned LEB128 varints (up to 2^53 - 1), fixed bytes, length-prefixed bytes and strings. */
export class ByteWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(initialBytes = 128) {
    this.#buffer = Buffer.allocUnsafe(initialBytes);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
    return this;
  }

  varint(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not an unsigned safe integer: ${value}`);
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
    return this;
  }

  /** A signed integer, zigzag: -1 -> 1, 1 -> 2. */
  signed(value: number): this {
    return this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  fixed(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  bytes(bytes: Uint8Array): this {
    return this.varint(bytes.length).fixed(bytes);
  }

  string(text: string): this {
    return this.bytes(Buffer.from(text, 'utf8'));
  }

  /** The bytes written so far; they share memory with the writer, which must not be used further. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(more: number): void {
    const need = this.#length + more;
    if (need <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(need, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}

/** Numbers of many rows: below 2^32, or whole ones below 2^53. */
export type NumberColumn = Uint32Array | Float64Array;

/** Reads what {@link ByteWriter} wrote; every read past the end throws {@link FormatError}. */
export class ByteReader {
  readonly #buffer: Buffer;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#buffer = asBuffer(bytes);
    this.#at = at;
  }

  get position(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#buffer.length - this.#at;
  }

  u8(): number {
    const value = this.#buffer[this.#at];
    if (value === undefined) throw new FormatError(`truncated at ${this.#at}`);
    this.#at++;
    return value;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
      scale *= 0x80;
    }
    throw new FormatError(`number too large at ${this.#at}`);
  }

  signed(): number {
    return zigzag(this.varint());
  }

  /** Fills the column with the next unsigned integers. Columns are read in one go: a mailbox has a hundred thousand rows. */
  varints<Column extends NumberColumn>(column: Column): Column {
    const buffer = this.#buffer;
    let at = this.#at;
    for (let i = 0; i < column.length; i++) {
      const byte = buffer[at];
      if (byte !== undefined && byte < 0x80) {
        column[i] = byte;
        at++;
      } else {
        this.#at = at;
        column[i] = this.varint();
        at = this.#at;
      }
    }
    this.#at = at;
    return column;
  }

  /** Fills the column with numbers that were written as unsigned differences, the first as it is. */
  ascending<Column extends NumberColumn>(column: Column): Column {
    this.varints(column);
    let last = 0;
    for (let i = 0; i < column.length; i++) column[i] = last += column[i] as number;
    return column;
  }

  /** Fills the column with numbers that were written as {@link signed} differences, the first as it is. */
  differences(column: Float64Array): Float64Array {
    this.varints(column);
    let last = 0;
    for (let i = 0; i < column.length; i++) column[i] = last += zigzag(column[i] as number);
    return column;
  }

  /** The next bytes, sharing memory with the input. */
  fixed(length: number): Buffer {
    if (length > this.remaining) throw new FormatError(`truncated at ${this.#at}: ${length} bytes wanted`);
    const view = this.#buffer.subarray(this.#at, this.#at + length);
    this.#at += length;
    return view;
  }

  bytes(): Buffer {
    return this.fixed(this.varint());
  }

  string(): string {
    return this.text(this.varint());
  }

  /** The next bytes as text, which is UTF-8. */
  text(length: number): string {
    if (length > this.remaining) throw new FormatError(`truncated at ${this.#at}: ${length} bytes wanted`);
    const text = this.#buffer.toString('utf8', this.#at, this.#at + length);
    this.#at += length;
    return text;
  }
}

/** 0, 1, 2, 3 ... -> 0, -1, 1, -2 ... */
function zigzag(value: number): number {
  return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
}

/** The same memory as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
