import type { Id } from '../base/ids.ts';
import type { Block, ColdCell } from '../store/mailbox-block.ts';
import type { Gist } from './gist.ts';
import { fillRow, type KeyColumns, keyColumns, ROW_BYTES } from './key-columns.ts';
import { TextNumbers } from './text-numbers.ts';

/** What a mailbox takes before it has keys, in bytes, about. */
const MAILBOX_BYTES = 1024;

/** The keys of a mailbox's messages that this process has made, by block: what a message is compared by never changes. */
export class MailboxKeys {
  readonly numbers = new TextNumbers();
  /** By what all versions of a block with the same messages share. */
  readonly #blocks = new WeakMap<ColdCell, KeyColumns>();
  #rowBytes = MAILBOX_BYTES;

  /** What it holds, in bytes, about; of blocks that are no more, too. */
  get bytes(): number {
    return this.numbers.bytes + this.#rowBytes;
  }

  /** The columns of a block's rows; rows that are not `known` are to be filled. */
  of({ cold, uids }: Block): KeyColumns {
    const known = this.#blocks.get(cold);
    if (known !== undefined) return known;
    const made = keyColumns(uids.length);
    this.#rowBytes += uids.length * ROW_BYTES;
    this.#blocks.set(cold, made);
    return made;
  }

  fill(columns: KeyColumns, row: number, gist: Gist | undefined): void {
    // Two sessions may have loaded the same.
    if (columns.known[row] === 1) return;
    this.#rowBytes += fillRow(columns, row, gist, this.numbers);
  }
}

/** The keys of the mailboxes that were put in order lately; the one that was not asked for longest goes first. */
export class KeyCache {
  readonly #maxBytes: number;
  readonly #mailboxes = new Map<Id, MailboxKeys>();

  /** `maxBytes`: about what it holds before another mailbox is put in order. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What it holds, in bytes, about. */
  get bytes(): number {
    let bytes = 0;
    for (const keys of this.#mailboxes.values()) bytes += keys.bytes;
    return bytes;
  }

  /** The keys of a mailbox, which whoever asks fills. */
  of(mailbox: Id): MailboxKeys {
    let keys = this.#mailboxes.get(mailbox);
    this.#mailboxes.delete(mailbox);
    // A mailbox that is more than all may hold begins anew: its own older rows may be of blocks that are no more.
    if (keys === undefined || keys.bytes > this.#maxBytes) keys = new MailboxKeys();
    this.#mailboxes.set(mailbox, keys);
    let { bytes } = this;
    for (const [oldest, { bytes: freed }] of this.#mailboxes) {
      if (oldest === mailbox || bytes <= this.#maxBytes) break;
      this.#mailboxes.delete(oldest);
      bytes -= freed;
    }
    return keys;
  }
}
