import type { Id } from '../../../lib/base/ids.ts';
import type { ByteRange } from '../../../lib/message/section.ts';
import type { LogContext } from '../../../lib/store/log.ts';
import { messageBytes, messageInto, messageStream } from '../../../lib/store/messages.ts';

/** Longer ranges are lent in pieces of this size. */
const SHORT_BYTES = 64 * 1024;
const LENT_BYTES = 256 * 1024;

/**
 * The last range that was read of a message, so that a client which fetches in small pieces costs one request per
 * window. Blobs never change, so what is held stays right.
 */
export class MessageWindow {
  readonly #context: LogContext;
  readonly #space: Id;
  readonly #maxBytes: number;
  #blob: Id | undefined;
  #start = 0;
  #bytes: Buffer = Buffer.alloc(0);
  /** What is lent. */
  #memory: Buffer | undefined;

  constructor(context: LogContext, space: Id, maxBytes: number) {
    this.#context = context;
    this.#space = space;
    this.#maxBytes = maxBytes;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** Holds a range that was read elsewhere. */
  hold(blob: Id, start: number, bytes: Buffer): void {
    this.#blob = blob;
    this.#start = start;
    this.#bytes = bytes;
  }

  /**
   * The bytes of a range not longer than the window; with `upTo`, reads on to there as far as the window goes, because more
   * will be asked for. `StoreError('expunged')` when the message is gone.
   */
  async read(blob: Id, range: ByteRange, upTo = range.end): Promise<Buffer> {
    if (range.end <= range.start) return Buffer.alloc(0);
    const held = this.held(blob, range);
    if (held !== undefined) return held;
    const end = Math.max(range.end, Math.min(upTo, range.start + this.#maxBytes));
    const bytes = await messageBytes(this.#context, this.#space, blob, { start: range.start, end });
    this.hold(blob, range.start, bytes);
    return bytes.subarray(0, range.end - range.start);
  }

  /** The bytes of any range, pulled in pieces; what is held is used, what is long is not held. */
  async stream(blob: Id, range: ByteRange): Promise<AsyncIterable<Buffer> | Iterable<Buffer>> {
    if (range.end - range.start <= this.#maxBytes) return [await this.read(blob, range)];
    return messageStream(this.#context, this.#space, blob, range);
  }

  /**
   * Whether a range that is asked for as a whole is lent: each message in memory of its own would have the collector look
   * through all that lives for a few hundred long ones.
   */
  lends(blob: Id, range: ByteRange): boolean {
    const bytes = range.end - range.start;
    if (bytes <= SHORT_BYTES || bytes > this.#maxBytes || this.#context.blobs.readInto === undefined) return false;
    return this.held(blob, range) === undefined;
  }

  /** The bytes of a range in pieces, each in the memory of the one before: who asks for the next must be done with that. */
  async *lend(blob: Id, { start, end }: ByteRange): AsyncGenerator<Buffer> {
    this.#memory ??= Buffer.allocUnsafeSlow(LENT_BYTES);
    for (let at = start; at < end; ) {
      const range = { start: at, end: Math.min(end, at + LENT_BYTES) };
      const length = await messageInto(this.#context, this.#space, blob, { range, into: this.#memory });
      if (length === 0) return;
      yield this.#memory.subarray(0, length);
      at += length;
    }
  }

  /** The bytes of the range, if they are here. */
  held(blob: Id, { start, end }: ByteRange): Buffer | undefined {
    if (this.#blob !== blob || start < this.#start || end > this.#start + this.#bytes.length) return undefined;
    return this.#bytes.subarray(start - this.#start, end - this.#start);
  }
}
