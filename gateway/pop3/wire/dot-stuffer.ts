const LF = 0x0a;
const CR = 0x0d;
const DOT = Buffer.from('.');
const LF_DOT = Buffer.from('\n.');

/**
 * Puts a dot in front of lines that begin with one (RFC 1939 §3), piece by piece. A bare LF begins a line too: programs that
 * read by LF would else take the text of a message for its end.
 */
export class DotStuffer {
  /** The last two octets. */
  #before = CR;
  #last = LF;

  /** The octets with dots put in; a piece without any is passed on as it is. */
  push(piece: Buffer): readonly Buffer[] {
    if (piece.length === 0) return [];
    const out: Buffer[] = [];
    let from = 0;
    if (this.#last === LF && piece[0] === DOT[0]) out.push(DOT);
    for (let at = piece.indexOf(LF_DOT); at >= 0; at = piece.indexOf(LF_DOT, at + 1)) {
      out.push(piece.subarray(from, at + 1), DOT);
      from = at + 1;
    }
    out.push(from === 0 ? piece : piece.subarray(from));
    this.#before = piece.length > 1 ? (piece.at(-2) as number) : this.#last;
    this.#last = piece.at(-1) as number;
    return out;
  }

  /** The end of the reply; a last line without its CRLF gets one. */
  end(): string {
    return this.#before === CR && this.#last === LF ? '.\r\n' : '\r\n.\r\n';
  }
}
