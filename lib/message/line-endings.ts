import { nextLf } from './next-lf.ts';

const CR = 0x0d;
const LF = 0x0a;

/** Turns each LF without CR before it into CRLF, across chunks; all else, lone CR and NUL too, stays. */
export class LineEndings {
  #afterCr = false;

  /** The chunk itself when nothing is to change in it. */
  push(chunk: Buffer): Buffer {
    if (chunk.length === 0) return chunk;
    const lone = this.#countLone(chunk);
    const fixed = lone === 0 ? chunk : this.#fix(chunk, lone);
    this.#afterCr = chunk[chunk.length - 1] === CR;
    return fixed;
  }

  #countLone(chunk: Buffer): number {
    let lone = 0;
    for (let lf = nextLf(chunk, 0); lf !== -1; lf = nextLf(chunk, lf + 1)) {
      if (lf === 0 ? !this.#afterCr : chunk[lf - 1] !== CR) lone++;
    }
    return lone;
  }

  #fix(chunk: Buffer, lone: number): Buffer {
    const fixed = Buffer.allocUnsafe(chunk.length + lone);
    let to = 0;
    let afterCr = this.#afterCr;
    for (const byte of chunk) {
      if (byte === LF && !afterCr) fixed[to++] = CR;
      fixed[to++] = byte;
      afterCr = byte === CR;
    }
    return fixed;
  }
}
