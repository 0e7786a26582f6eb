/** Below this, bytes are copied into the batch: a piece of its own would cost more. */
const COPY_BELOW_BYTES = 8 * 1024;

/**
 * Collects one answer's text and octets and gives them out in few pieces: many small writes cost a peer 40 ms each
 * where acknowledgements are delayed. Large octets pass through by reference.
 */
export class Output {
  readonly #pieces: Buffer[] = [];
  #text = '';
  #bytes = 0;

  /** About how many octets wait; take them when this passes a batch. */
  get pendingBytes(): number {
    return this.#bytes + this.#text.length;
  }

  /** Adds text, sent as UTF-8. */
  text(text: string): this {
    this.#text += text;
    return this;
  }

  /** Adds octets; they must not change until they are sent. */
  bytes(bytes: Uint8Array): this {
    this.#closeText();
    this.#add(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    return this;
  }

  /** What waits, in order, small neighbours joined; the output is empty afterwards. */
  take(): Buffer[] {
    this.#closeText();
    const joined: Buffer[] = [];
    let small: Buffer[] = [];
    const join = () => {
      const [only, ...others] = small;
      if (only !== undefined) joined.push(others.length === 0 ? only : Buffer.concat(small));
      small = [];
    };
    for (const piece of this.#pieces) {
      if (piece.length < COPY_BELOW_BYTES) small.push(piece);
      else {
        join();
        joined.push(piece);
      }
    }
    join();
    this.#pieces.length = 0;
    this.#bytes = 0;
    return joined;
  }

  #closeText(): void {
    if (this.#text === '') return;
    const text = this.#text;
    this.#text = '';
    this.#add(Buffer.from(text, 'utf8'));
  }

  #add(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#bytes += piece.length;
  }
}
