import type { Duplex } from 'node:stream';

/** Output that sockets were given, counted until they let go of it. */
export class UnderWay {
  #count = 0;
  #whenNone: (() => void) | undefined;

  /** Writes the pieces, together. */
  write(socket: Duplex, pieces: readonly Buffer[]): void {
    this.#count += pieces.length;
    if (pieces.length > 1) socket.cork();
    for (const piece of pieces) socket.write(piece, this.#letGo);
    if (pieces.length > 1) socket.uncork();
  }

  /** Resolves when no socket has anything any more; one may wait. */
  none(): Promise<void> | undefined {
    if (this.#count === 0) return undefined;
    return new Promise((resolve) => {
      this.#whenNone = resolve;
    });
  }

  /** Called for each piece, also when it could not be sent. */
  readonly #letGo = (): void => {
    if (--this.#count > 0) return;
    this.#whenNone?.();
    this.#whenNone = undefined;
  };
}
