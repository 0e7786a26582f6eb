/**
 * Hands a message from the session, which receives it, to delivery, which stores it, one piece at a time: `push` waits until
 * the piece was taken, so that the client is read no faster than the store writes: one piece is stored while the next is received.
 */
export class Body implements AsyncIterable<Uint8Array> {
  #piece: Uint8Array | undefined;
  #state: 'open' | 'ended' | 'failed' | 'abandoned' = 'open';
  #error: unknown;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;

  /** Gives a piece; settles when it was taken, or nobody wants it any more. */
  async push(piece: Uint8Array): Promise<void> {
    if (piece.length === 0 || this.#state !== 'open') return;
    this.#piece = piece;
    this.#wakeReader?.();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wakeWriter = resolve;
    await promise;
  }

  /** The message is complete. */
  end(): void {
    if (this.#state === 'open') this.#finish('ended');
  }

  /** The message will never be complete: whoever reads it gets `error`, and must deliver to nobody. */
  fail(error: unknown): void {
    if (this.#state === 'failed' || this.#state === 'ended') return;
    this.#error = error;
    this.#finish('failed');
  }

  /** Nobody reads any further; what is still pushed is thrown away. */
  abandon(): void {
    if (this.#state === 'open') this.#finish('abandoned');
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    try {
      for (;;) {
        if (this.#state === 'failed') throw this.#error;
        const piece = this.#piece;
        if (piece !== undefined) {
          this.#piece = undefined;
          this.#release();
          yield piece;
        } else if (this.#state !== 'open') {
          return;
        } else {
          const { promise, resolve } = Promise.withResolvers<void>();
          this.#wakeReader = resolve;
          await promise;
          this.#wakeReader = undefined;
        }
      }
    } finally {
      this.abandon();
    }
  }

  #finish(state: 'ended' | 'failed' | 'abandoned'): void {
    this.#state = state;
    if (state !== 'ended') this.#piece = undefined;
    this.#wakeReader?.();
    this.#release();
  }

  #release(): void {
    this.#wakeWriter?.();
    this.#wakeWriter = undefined;
  }
}
