import type { Pop3Limits } from '../../lib/base/limits.ts';

/** Reads the messages after the one that a client has asked for, so that the way to the store is not waited for each time. */
export class ReadAhead {
  readonly #limits: Pick<Pop3Limits, 'aheadMessages' | 'aheadBytes'>;
  readonly #sizeOf: (index: number) => number;
  readonly #read: (index: number) => Promise<Buffer>;
  /** By index: those under way, and the octets of those that have ended. */
  readonly #reads = new Map<number, Promise<Buffer | undefined> | Buffer>();
  #last = -1;
  /** What follows the last one is looked at from here. */
  #next = 0;

  /** `sizeOf`: octets of a message by index, negative beyond the last and when it is not to be read. */
  constructor(
    limits: Pick<Pop3Limits, 'aheadMessages' | 'aheadBytes'>,
    sizeOf: (index: number) => number,
    read: (index: number) => Promise<Buffer>,
  ) {
    this.#limits = limits;
    this.#sizeOf = sizeOf;
    this.#read = read;
  }

  /** The octets of a short message: at once where they have been read. */
  take(index: number): Buffer | Promise<Buffer> {
    const known = this.#reads.get(index);
    const inOrder = index === this.#last + 1;
    this.#last = index;
    if (inOrder) {
      this.#reads.delete(index);
      this.#readUpTo(index + this.#limits.aheadMessages);
    } else {
      this.#reads.clear();
      this.#next = 0;
    }
    return known instanceof Promise ? this.#await(known, index) : (known ?? this.#read(index));
  }

  async #await(read: Promise<Buffer | undefined>, index: number): Promise<Buffer> {
    return (await read) ?? this.#read(index);
  }

  async #begin(index: number): Promise<Buffer | undefined> {
    try {
      const octets = await this.#read(index);
      // Unless it was taken, or the client has gone elsewhere.
      if (this.#reads.has(index)) this.#reads.set(index, octets);
      return octets;
    } catch {
      // Its turn reads it again and meets the same error.
      return undefined;
    }
  }

  #readUpTo(end: number): void {
    for (let next = Math.max(this.#next, this.#last + 1); next <= end; next++) {
      const sizeBytes = this.#sizeOf(next);
      this.#next = next + 1;
      if (sizeBytes < 0 || sizeBytes > this.#limits.aheadBytes) continue;
      this.#reads.set(next, this.#begin(next));
    }
  }
}
