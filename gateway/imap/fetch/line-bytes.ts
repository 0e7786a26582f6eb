const FIRST_BYTES = 64 * 1024;
/** An integer below 2^32 has no more digits. */
const DIGITS = 10;

/** ASCII text that is collected as bytes: made for very many short pieces. */
export class LineBytes {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #length = 0;

  /** Adds ASCII text. */
  text(text: string): void {
    this.#reserve(text.length);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.#length = at;
  }

  /** Adds an integer from 0 to 2^32 - 1 in decimal. */
  number(value: number): void {
    this.#reserve(DIGITS);
    const bytes = this.#bytes;
    let end = this.#length + digitsOf(value);
    this.#length = end;
    let rest = value;
    do {
      const tenth = Math.floor(rest / 10);
      bytes[--end] = 0x30 + (rest - tenth * 10);
      rest = tenth;
    } while (rest > 0);
  }

  /** What was added since the last time; nobody writes to these bytes any more. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    if (this.#length > 0) this.#bytes = Buffer.allocUnsafeSlow(this.#bytes.length);
    this.#length = 0;
    return taken;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.#length + bytes));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  return digits;
}
