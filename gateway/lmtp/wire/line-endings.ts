const CR = 0x0d;
const LF = 0x0a;

/** Turns each LF without CR before it into CRLF, across chunks; all else, lone CR and NUL too, stays (design.md §5). */
export class LineEndings {
  #afterCr = false;

  /** The chunk itself when nothing is to change in it. */
  push(chunk: Buffer): Buffer {
    let lone = 0;
    for (let lf = chunk.indexOf(LF); lf !== -1; lf = chunk.indexOf(LF, lf + 1)) {
      if (!this.#isAfterCr(chunk, lf)) lone++;
    }
    const fixed = lone === 0 ? chunk : this.#fix(chunk, lone);
    if (chunk.length > 0) this.#afterCr = chunk[chunk.length - 1] === CR;
    return fixed;
  }

  #fix(chunk: Buffer, lone: number): Buffer {
    const fixed = Buffer.allocUnsafe(chunk.length + lone);
    let from = 0;
    let to = 0;
    for (let lf = chunk.indexOf(LF); lf !== -1; lf = chunk.indexOf(LF, lf + 1)) {
      if (this.#isAfterCr(chunk, lf)) continue;
      to += chunk.copy(fixed, to, from, lf);
      fixed[to++] = CR;
      from = lf;
    }
    chunk.copy(fixed, to, from);
    return fixed;
  }

  #isAfterCr(chunk: Buffer, lf: number): boolean {
    return lf === 0 ? this.#afterCr : chunk[lf - 1] === CR;
  }
}
