import type { Pop3Limits } from '../../lib/base/limits.ts';

/** Reads the messages after the one that a client has asked for, so that the way to the store is not waited for each time. */
export class ReadAhead {
  readonly #limits: Pick<Pop3Limits, 'aheadMessages' | 'aheadBytes'>;
  readonly #sizeOf: (index: number) => number;
  readonly #read: (index: number) => Promise<Buffer>;
  readonly #reads = new Map<number, Promise<Buffer | undefined>>();
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

  /** The octets of a short message. */
  async take(index: number): Promise<Buffer> {
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
    return (await known) ?? this.#read(index);
  }

  #readUpTo(end: number): void {
    for (let next = Math.max(this.#next, this.#last + 1); next <= end; next++) {
      const sizeBytes = this.#sizeOf(next);
      this.#next = next + 1;
      if (sizeBytes < 0 || sizeBytes > this.#limits.aheadBytes) continue;
      // Its turn reads it again and meets the same error.
      this.#reads.set(
        next,
        this.#read(next).catch(() => undefined),
      );
    }
  }
}
