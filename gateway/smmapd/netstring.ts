const COLON = 0x3a;
const COMMA = 0x2c;
const NONE = Buffer.alloc(0);

/** The peer does not speak in netstrings, or one is too long. */
export class BadNetstring extends Error {
  override readonly name = 'BadNetstring';
}

/** `5:hello,`: the length in octets, and the octets. */
export function netstring(text: string): string {
  return `${Buffer.byteLength(text)}:${text},`;
}

/** Takes netstrings out of what is received; holds at most one, of at most `maxBytes`. */
export class NetstringReader {
  readonly #maxBytes: number;
  readonly #headBytes: number;
  #held: Buffer = NONE;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#headBytes = String(maxBytes).length + 1;
  }

  push(chunk: Buffer): void {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
  }

  /** The octets of the next one; undefined when more input is needed. Throws {@link BadNetstring}. */
  next(): Buffer | undefined {
    const head = this.#held.subarray(0, this.#headBytes);
    const colon = head.indexOf(COLON);
    const digits = head.toString('latin1', 0, colon < 0 ? head.length : colon);
    if (!/^(0|[1-9]\d*)?$/.test(digits) || (colon === 0 && digits === '')) throw new BadNetstring('no length');
    if (colon < 0) {
      if (head.length === this.#headBytes) throw new BadNetstring('too long');
      return undefined;
    }
    const bytes = Number(digits);
    if (bytes > this.#maxBytes) throw new BadNetstring('too long');
    const end = colon + 1 + bytes;
    if (this.#held.length <= end) return undefined;
    if (this.#held[end] !== COMMA) throw new BadNetstring('no comma at its end');
    const octets = this.#held.subarray(colon + 1, end);
    this.#held = this.#held.subarray(end + 1);
    return octets;
  }
}
