const LF = 0x0a;
const CR = 0x0d;
const CAPITAL_X = 0x58;

/** Looks for bytes beyond ASCII in the header of a message that comes in pieces, and can replace them. */
export class EightBitHeader {
  #isBody = false;
  #isLineEmpty = true;
  /** Whether there were any so far. */
  found = false;

  /** The piece with an X for each such byte; the piece itself when there is none. */
  push(piece: Uint8Array): Uint8Array {
    let out = piece;
    for (let at = 0; at < piece.length && !this.#isBody; at++) {
      const byte = piece[at] ?? 0;
      if (byte === LF) {
        this.#isBody = this.#isLineEmpty;
        this.#isLineEmpty = true;
      } else if (byte !== CR) this.#isLineEmpty = false;
      if (byte < 0x80) continue;
      this.found = true;
      if (out === piece) out = Uint8Array.from(piece);
      out[at] = CAPITAL_X;
    }
    return out;
  }
}
