/** What was made lately, by a key whose value never changes; the oldest go first. */
export class BoundedCache<K, V> {
  readonly #maxBytes: number;
  readonly #bytesOf: (value: V) => number;
  readonly #values = new Map<K, V>();
  #bytes = 0;

  /** `maxBytes`: about what it may hold, counted by `bytesOf`. */
  constructor(maxBytes: number, bytesOf: (value: V) => number) {
    this.#maxBytes = maxBytes;
    this.#bytesOf = bytesOf;
  }

  /** What it holds, in bytes, about. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: K): V | undefined {
    return this.#values.get(key);
  }

  put(key: K, value: V): void {
    if (this.#values.has(key)) return;
    this.#values.set(key, value);
    this.#bytes += this.#bytesOf(value);
    for (const [oldest, gone] of this.#values) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#values.delete(oldest);
      this.#bytes -= this.#bytesOf(gone);
    }
  }
}
