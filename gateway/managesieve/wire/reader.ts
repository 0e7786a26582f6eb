import { isUtf8 } from 'node:buffer';
import { BadSyntax, type Frame } from './frame.ts';

/** A cursor in a command; one method per production of RFC 5804 §4. Throws {@link BadSyntax}. */
export class Reader {
  readonly #frame: Frame;
  #fragment = 0;
  #text: string;
  #at = 0;

  constructor(frame: Frame) {
    this.#frame = frame;
    this.#text = lineOf(frame, 0);
  }

  /** Whether only the end of the line is left. */
  get isAtEnd(): boolean {
    return this.#at === this.#text.length && this.#literal === undefined;
  }

  /** A word of the protocol, in upper case. */
  word(): string {
    const word = this.#match(/[A-Za-z]{1,32}/y);
    if (word === undefined) throw new BadSyntax('A command was expected');
    return word.toUpperCase();
  }

  sp(): void {
    if (this.#match(/ +/y) === undefined) throw new BadSyntax('An argument is missing');
  }

  end(): void {
    // Quirk (people at a terminal): spaces at the end of the line.
    this.#match(/ +/y);
    if (!this.isAtEnd) throw new BadSyntax('There are too many arguments');
  }

  /**
   *     string = quoted / literal-c2s
   *     quoted = DQUOTE *1024QUOTED-CHAR DQUOTE
   */
  string(what: string): Buffer {
    const quoted = this.#match(/"[^"\\\0]*(?:\\["\\][^"\\\0]*)*"/y);
    if (quoted !== undefined) return Buffer.from(quoted.slice(1, -1).replace(/\\(.)/g, '$1'), 'latin1');
    const literal = this.#literal;
    if (this.#at !== this.#text.length || literal === undefined) throw new BadSyntax(`${what} must be a string`);
    this.#fragment++;
    this.#text = lineOf(this.#frame, this.#fragment);
    this.#at = 0;
    return literal;
  }

  /** A string of text. */
  text(what: string): string {
    const octets = this.string(what);
    if (!isUtf8(octets)) throw new BadSyntax(`${what} must be UTF-8`);
    return octets.toString('utf8');
  }

  /**
   *     number = (%x31-39 *9DIGIT) / "0"                  ; < 4294967296
   */
  number(what: string): number {
    const digits = this.#match(/(?:0|[1-9]\d{0,9})(?!\d)/y);
    if (digits === undefined) throw new BadSyntax(`${what} must be a number`);
    return Number(digits);
  }

  get #literal(): Buffer | undefined {
    return this.#frame[this.#fragment]?.literal;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}

function lineOf(frame: Frame, fragment: number): string {
  return frame[fragment]?.line.toString('latin1') ?? '';
}
