/** Messages of one APPEND that are being stored while the next ones arrive, and their octets; each is held in memory meanwhile. */
const AT_ONCE = 32;
export const AHEAD_BYTES = 64 * 1024;

/**
 * Small messages of a MULTIAPPEND are stored side by side, so that they share the waits for the disk. The order is that of
 * {@link add}; at most 32 messages of at most 64 KB are under way.
 */
export class StoringAhead<T> {
  readonly #stored: Promise<T>[] = [];
  #oldest = 0;

  /** Messages so far. */
  get count(): number {
    return this.#stored.length;
  }

  /** Takes a message that is being stored; waits while too many are. Throws what the oldest of them has thrown. */
  async add(storing: Promise<T>): Promise<void> {
    // Awaited in its turn; a failure must not count as unhandled until then.
    storing.catch(() => undefined);
    this.#stored.push(storing);
    while (this.#stored.length - this.#oldest >= AT_ONCE) await this.#stored[this.#oldest++];
  }

  /** All of them, stored. */
  async all(): Promise<T[]> {
    return Promise.all(this.#stored);
  }

  /** Waits until none is under way, however they end: nothing of a refused command goes on after its answer. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#stored);
  }
}
