import type { Id } from '../../../lib/base/ids.ts';
import type { ByteRange } from '../../../lib/message/section.ts';
import type { OpenMailbox } from '../../../lib/store/account.ts';
import { messageBytes } from '../../../lib/store/messages.ts';
import type { MessageWindow } from './message-window.ts';

/** Messages whose octets are read before their turn, and how long they may be. */
const AHEAD = 8;
export const AHEAD_BYTES = 256 * 1024;

/** Octets of one message. */
export interface Wanted {
  readonly blob: Id;
  readonly range: ByteRange;
}

/** Reads short ranges some turns early, so that the way to the store is not waited for each time. */
export class ReadAhead<T> {
  readonly #open: OpenMailbox;
  readonly #window: MessageWindow;
  readonly #items: readonly T[];
  readonly #wanted: (item: T) => Wanted | undefined;
  readonly #reads: Promise<Buffer | undefined>[] = [];

  /** `wanted`: what will be read of an item; undefined when nothing is to be read early. */
  constructor(open: OpenMailbox, window: MessageWindow, items: readonly T[], wanted: (item: T) => Wanted | undefined) {
    this.#open = open;
    this.#window = window;
    this.#items = items;
    this.#wanted = wanted;
  }

  /** Puts what was read of the item at the index into the window, and starts to read for those after it. */
  async upTo(index: number): Promise<void> {
    while (this.#reads.length < Math.min(this.#items.length, index + AHEAD)) {
      this.#reads.push(this.#read(this.#items[this.#reads.length]));
    }
    const bytes = await this.#reads[index];
    this.#reads[index] = Promise.resolve(undefined);
    const wanted = this.#of(this.#items[index]);
    if (bytes !== undefined && wanted !== undefined) this.#window.hold(wanted.blob, wanted.range.start, bytes);
  }

  #of(item: T | undefined): Wanted | undefined {
    const wanted = item === undefined ? undefined : this.#wanted(item);
    return wanted === undefined || wanted.range.end - wanted.range.start > AHEAD_BYTES ? undefined : wanted;
  }

  async #read(item: T | undefined): Promise<Buffer | undefined> {
    const wanted = this.#of(item);
    if (wanted === undefined) return undefined;
    try {
      return await messageBytes(this.#open.store.context, this.#open.space, wanted.blob, wanted.range);
    } catch {
      // Its turn reads it again and meets the same error.
      return undefined;
    }
  }
}
