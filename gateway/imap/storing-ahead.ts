/** Messages of one command that are stored while the next ones arrive, and the octets of all of them, which are held in memory. */
const MAX_MESSAGES = 400;
const MAX_BYTES = 2 * 1024 * 1024;

/** A message of at most so many octets may be stored while the next ones arrive. */
export const AHEAD_BYTES = 64 * 1024;

interface Storing<T> {
  readonly stored: Promise<T>;
  readonly sizeBytes: number;
}

/**
 * Small messages of a MULTIAPPEND are stored side by side, so that they share the waits for the disk. The order is that of
 * {@link add}; at most 400 messages and 2 MB are under way.
 */
export class StoringAhead<T> {
  readonly #all: Storing<T>[] = [];
  #oldest = 0;
  #bytes = 0;

  /** Messages so far. */
  get count(): number {
    return this.#all.length;
  }

  /** Takes a message that is being stored; waits while too many are. Throws what the oldest of them has thrown. */
  async add(stored: Promise<T>, sizeBytes: number): Promise<void> {
    // Awaited in its turn; a failure must not count as unhandled until then.
    stored.catch(() => undefined);
    this.#all.push({ stored, sizeBytes });
    this.#bytes += sizeBytes;
    while (this.#bytes > MAX_BYTES || this.#all.length - this.#oldest >= MAX_MESSAGES) {
      const oldest = this.#all[this.#oldest++];
      if (oldest === undefined) return;
      await oldest.stored;
      this.#bytes -= oldest.sizeBytes;
    }
  }

  /** All of them, stored. */
  async all(): Promise<T[]> {
    return Promise.all(this.#all.map(({ stored }) => stored));
  }

  /** Waits until none is under way, however they end: nothing of a refused command goes on after its answer. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#all.map(({ stored }) => stored));
  }
}
