import type { Id } from '../../../lib/base/ids.ts';
import type { ByteRange } from '../../../lib/message/section.ts';
import type { LogContext } from '../../../lib/store/log.ts';
import { messageBytes, messageStream } from '../../../lib/store/messages.ts';

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

  /** The bytes of the range, if they are here. */
  held(blob: Id, { start, end }: ByteRange): Buffer | undefined {
    if (this.#blob !== blob || start < this.#start || end > this.#start + this.#bytes.length) return undefined;
    return this.#bytes.subarray(start - this.#start, end - this.#start);
  }
}
