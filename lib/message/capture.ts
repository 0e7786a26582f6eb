/** Keeps one range of a stream, up to a number of bytes, copied so that no chunk stays in memory for it. */
export class Capture {
  readonly #end: number;
  readonly #pieces: Buffer[] = [];
  #next: number;

  constructor(start: number, maxBytes: number) {
    this.#next = start;
    this.#end = start + maxBytes;
  }

  /** Takes what `chunk`, which begins at offset `chunkStart`, has of the range before offset `end`. */
  take(chunk: Uint8Array, chunkStart: number, end: number): void {
    const to = Math.min(end, this.#end, chunkStart + chunk.length);
    if (to <= this.#next) return;
    this.#pieces.push(Buffer.from(chunk.subarray(this.#next - chunkStart, to - chunkStart)));
    this.#next = to;
  }

  bytes(): Buffer {
    const [first] = this.#pieces;
    return first !== undefined && this.#pieces.length === 1 ? first : Buffer.concat(this.#pieces);
  }
}
