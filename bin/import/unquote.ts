const LF = 0x0a;
const QUOTE = 0x3e;
const QUOTED_FROM = Buffer.from('>From ');
const NONE = Buffer.alloc(0);
/** More quotes in front of a From are no quoting. */
const QUOTES = 64;

/**
 * Takes one `>` from lines that begin with any number of them and `From `, across pieces: writers of mbox files put one in
 * front of each such line, so that it does not begin a message.
 */
export class Unquote {
  #held: Buffer = NONE;
  #atLineStart = true;

  push(piece: Buffer): Buffer {
    const bytes = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    const until = bytes.length - this.#undecided(bytes);
    const decided = this.#unquote(bytes.subarray(0, until));
    this.#held = bytes.subarray(until);
    return decided;
  }

  /** What is still held when the message ends. */
  end(): Buffer {
    const rest = this.#held;
    this.#held = NONE;
    return rest;
  }

  #unquote(bytes: Buffer): Buffer {
    const kept: Buffer[] = [];
    let from = 0;
    for (let at = bytes.indexOf(QUOTED_FROM); at !== -1; at = bytes.indexOf(QUOTED_FROM, at + 1)) {
      let start = at;
      while (start > 0 && bytes[start - 1] === QUOTE) start--;
      const isLine = start === 0 ? this.#atLineStart : bytes[start - 1] === LF;
      if (!isLine || at - start > QUOTES) continue;
      kept.push(bytes.subarray(from, at));
      from = at + 1;
    }
    if (bytes.length > 0) this.#atLineStart = bytes.at(-1) === LF;
    if (kept.length === 0) return bytes;
    kept.push(bytes.subarray(from));
    return Buffer.concat(kept);
  }

  /** How many bytes at the end may still become a quoted From: `>>>Fr`. */
  #undecided(bytes: Buffer): number {
    const longest = QUOTES + QUOTED_FROM.length;
    const tail = bytes.toString('latin1', Math.max(0, bytes.length - longest));
    return /(?:^|\n)(>+(?:F(?:r(?:o(?:m)?)?)?)?)$/.exec(tail)?.[1]?.length ?? 0;
  }
}
