/** Bytes that arrive in pieces: grows by doubling, so that a sender of single octets costs linear time and memory. */
export class Accumulator {
  #buffer: Buffer = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(bytes: Buffer): void {
    const need = this.#length + bytes.length;
    if (need > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(need, 2 * this.#buffer.length, 128));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    bytes.copy(this.#buffer, this.#length);
    this.#length = need;
  }

  /** Forgets all but the last `count` octets. */
  keepLast(count: number): void {
    if (this.#length <= count) return;
    this.#buffer.copy(this.#buffer, 0, this.#length - count, this.#length);
    this.#length = count;
  }

  /** The octets so far; the accumulator is empty afterwards and shares no memory with them. */
  take(): Buffer {
    const bytes = this.#buffer.subarray(0, this.#length);
    this.#buffer = Buffer.alloc(0);
    this.#length = 0;
    return bytes;
  }
}
