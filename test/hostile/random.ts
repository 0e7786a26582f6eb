/** A random source that a seed repeats. */
export class Random {
  readonly seed: number;
  #state: number;

  /** The seed is that of `CIRRUS_TEST_SEED`, or a new one; it is printed. */
  constructor(what: string, seed = Number(process.env.CIRRUS_TEST_SEED ?? Date.now() % 2 ** 31)) {
    this.seed = seed;
    this.#state = seed >>> 0;
    console.log(`${what}: CIRRUS_TEST_SEED=${seed}`);
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    // Marsaglia's xorshift on a Weyl sequence: plenty for choosing what to break.
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
    return ((((x ^ (x >>> 15)) >>> 0) / 2 ** 32) * end) | 0;
  }

  chance(probability: number): boolean {
    return this.below(1_000_000) < probability * 1_000_000;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }

  bytes(count: number): Buffer {
    const bytes = Buffer.allocUnsafe(count);
    for (let i = 0; i < count; i++) bytes[i] = this.below(256);
    return bytes;
  }
}
