const CR = 0x0d;
const LF = 0x0a;
const NONE = Buffer.alloc(0);

/** What a line of input turned out to be. */
export type Line =
  | { readonly kind: 'line'; readonly bytes: Buffer /* without its CRLF */ }
  | { readonly kind: 'too-long' } /* thrown away up to its end */
  /** A LF without CR: what follows could be somebody else's command, so nothing after it may be read (RFC 5321 §2.3.8). */
  | { readonly kind: 'bare-lf' };

/** Splits bytes into lines that end with CRLF; holds at most `maxBytes` (with the CRLF) of an unfinished one. */
export class LineReader {
  readonly #maxBytes: number;
  #held: Buffer = NONE;
  #scanned = 0;
  #skipping = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Adds input. */
  push(chunk: Buffer): void {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
  }

  /** The next line, or undefined when more input is needed. */
  next(): Line | undefined {
    const at = this.#held.indexOf(LF, this.#scanned);
    if (at === -1) {
      if (this.#held.length >= this.#maxBytes) this.#skip();
      this.#scanned = this.#held.length;
      return undefined;
    }
    const held = this.#held;
    const tooLong = this.#skipping || at + 1 > this.#maxBytes;
    this.#held = held.subarray(at + 1);
    this.#scanned = 0;
    this.#skipping = false;
    if (at === 0 || held[at - 1] !== CR) return { kind: 'bare-lf' };
    return tooLong ? { kind: 'too-long' } : { kind: 'line', bytes: held.subarray(0, at - 1) };
  }

  /** Takes what was pushed and not yet given out: the beginning of a message, or what must be thrown away. */
  takeRest(): Buffer {
    const rest = this.#held;
    this.#held = NONE;
    this.#scanned = 0;
    this.#skipping = false;
    return rest;
  }

  /** Forgets a line that is too long already, but for a last CR, which may belong to its end. */
  #skip(): void {
    this.#held = this.#held.at(-1) === CR ? Buffer.from([CR]) : NONE;
    this.#skipping = true;
  }
}
