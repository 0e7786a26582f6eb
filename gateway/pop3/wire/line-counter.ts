const LF = 0x0a;

/** Finds where a number of lines of a body end, piece by piece (TOP). */
export class LineCounter {
  #left: number;

  constructor(lines: number) {
    this.#left = lines;
  }

  get isDone(): boolean {
    return this.#left <= 0;
  }

  /** As much of the piece as belongs to the lines. */
  push(piece: Buffer): Buffer {
    let end = 0;
    while (this.#left > 0) {
      const at = piece.indexOf(LF, end);
      if (at < 0) return piece;
      end = at + 1;
      this.#left--;
    }
    return piece.subarray(0, end);
  }
}
