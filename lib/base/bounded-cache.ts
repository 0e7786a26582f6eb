/** What was made lately, by a key whose value never changes; the oldest go first. */
export class BoundedCache<K, V> {
  readonly #maxBytes: number;
  readonly #bytesOf: (value: V) => number;
  readonly #values = new Map<K, V>();
  /** Their keys, the oldest first, from the index on: a map takes ever longer to tell its first key while first keys go. */
  #keys: K[] = [];
  #first = 0;
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
    this.#keys.push(key);
    this.#bytes += this.#bytesOf(value);
    while (this.#bytes > this.#maxBytes) this.#removeOldest();
  }

  #removeOldest(): void {
    const oldest = this.#keys[this.#first++] as K;
    this.#bytes -= this.#bytesOf(this.#values.get(oldest) as V);
    this.#values.delete(oldest);
    if (this.#first * 2 < this.#keys.length) return;
    this.#keys = this.#keys.slice(this.#first);
    this.#first = 0;
  }
}
