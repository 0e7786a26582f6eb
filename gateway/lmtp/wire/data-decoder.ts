import { nextLf } from '../../../lib/message/next-lf.ts';

const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;

export interface Decoded {
  /** Bytes of the message; a view of the chunk when nothing had to be taken out. */
  readonly text: Buffer;
  /** What follows the end of the message; undefined when the end has not come yet. */
  readonly rest: Buffer | undefined;
}

/**
 * Takes the dots out of what follows DATA, and finds its end (RFC 5321 §4.5.2).
 *
 * Only CRLF "." CRLF ends the message, the CRLF of the DATA command counting as the first: LF.LF, LF.CRLF, CR.CR and the
 * like are text. Whoever ends a message where the sender's server did not can be made to take the text of a message for
 * commands ("SMTP smuggling").
 */
export class DataDecoder {
  /** Where we are: in a line, having just read CRLF, CRLF ".", or CRLF "." CR. */
  #state: 'text' | 'line-start' | 'dot' | 'dot-cr' = 'line-start';
  /** In 'text': whether the byte before was CR. */
  #afterCr = false;

  /** Reads the next chunk; not to be called again once `rest` was given. */
  push(chunk: Buffer): Decoded {
    const pieces: Buffer[] = [];
    let from = 0;
    let at = 0;
    while (at < chunk.length) {
      const byte = chunk[at];
      if (this.#state === 'text') {
        at = this.#skipText(chunk, at);
      } else if (this.#state === 'line-start') {
        if (byte === DOT) {
          if (at > from) pieces.push(chunk.subarray(from, at));
          from = ++at;
          this.#state = 'dot';
        } else this.#enterText();
      } else if (this.#state === 'dot') {
        // The dot is dropped: it ends the message, or was put in front of the line by the sender.
        if (byte === CR) {
          from = ++at;
          this.#state = 'dot-cr';
        } else this.#enterText();
      } else if (byte === LF) {
        return { text: joined(pieces), rest: chunk.subarray(at + 1) };
      } else {
        // The CR that was held back is text after all.
        pieces.push(Buffer.from([CR]));
        this.#enterText();
        this.#afterCr = true;
      }
    }
    if (chunk.length > from) pieces.push(chunk.subarray(from));
    return { text: joined(pieces), rest: undefined };
  }

  #enterText(): void {
    this.#state = 'text';
    this.#afterCr = false;
  }

  /** Goes to behind the next CRLF, or to the end of the chunk. */
  #skipText(chunk: Buffer, start: number): number {
    let at = start;
    for (;;) {
      const lf = nextLf(chunk, at);
      if (lf === -1) {
        this.#afterCr = at < chunk.length ? chunk[chunk.length - 1] === CR : this.#afterCr;
        return chunk.length;
      }
      const afterCr = lf > start ? chunk[lf - 1] === CR : this.#afterCr;
      this.#afterCr = false;
      at = lf + 1;
      if (afterCr) {
        this.#state = 'line-start';
        return at;
      }
    }
  }
}

function joined(pieces: readonly Buffer[]): Buffer {
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
}
