import type { Pop3Limits } from '../../lib/base/limits.ts';
import type { OpenMailbox } from '../../lib/store/account.ts';
import { StoreError } from '../../lib/store/errors.ts';
import { removeMessages } from '../../lib/store/expunge.ts';
import type { MailboxView } from '../../lib/store/mailbox-view.ts';
import type { MaildropLock } from '../../lib/store/maildrop-lock.ts';
import { messageBytes, messageStream, summaries } from '../../lib/store/messages.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { Refused } from './errors.ts';
import { ReadAhead } from './read-ahead.ts';

/** A message of the maildrop, as the client sees it. */
export interface Message {
  /** From 1; never changes within a session. */
  readonly number: number;
  readonly uid: number;
  readonly sizeBytes: number;
}

/**
 * The INBOX as it was at login (RFC 1939 §4): what comes later is not seen, what others expunge cannot be read any more, and
 * what is marked here goes only with {@link update}.
 */
export class Maildrop {
  readonly #open: OpenMailbox;
  readonly #lock: MaildropLock;
  readonly #limits: Pop3Limits;
  readonly #view: MailboxView;
  readonly #uids: readonly number[];
  /** Octets of each message. */
  readonly #sizes: readonly number[];
  readonly #deleted = new Set<number>();
  readonly #retrieved = new Set<number>();
  readonly #ahead: ReadAhead;
  readonly #unlisten: () => void;
  /** Octets of what is not marked. */
  #sizeBytes = 0;
  #lookedAt: number;

  private constructor(open: OpenMailbox, lock: MaildropLock, limits: Pop3Limits, view: MailboxView) {
    this.#open = open;
    this.#lock = lock;
    this.#limits = limits;
    this.#view = view;
    this.#uids = [...view.allUids()];
    this.#sizes = this.#uids.map((uid) => view.sizeOf(uid) ?? 0);
    for (const sizeBytes of this.#sizes) this.#sizeBytes += sizeBytes;
    this.#lookedAt = performance.now();
    // Who listens keeps the mailbox the only one of its id in this process.
    this.#unlisten = open.mailbox.listen(() => undefined);
    this.#ahead = new ReadAhead(
      limits,
      (index) => (this.#deleted.has(index + 1) ? -1 : this.#sizeOf(index)),
      (index) => this.#read(index),
    );
  }

  /** Reads the mailbox; the lock is the maildrop's from now on. */
  static async open(open: OpenMailbox, lock: MaildropLock, limits: Pop3Limits): Promise<Maildrop> {
    const { view } = await open.mailbox.refresh();
    await open.mailbox.loadCold(view);
    return new Maildrop(open, lock, limits, view);
  }

  /** Messages that are not marked, and their octets. */
  get total(): { readonly messages: number; readonly sizeBytes: number } {
    return { messages: this.#uids.length - this.#deleted.size, sizeBytes: this.#sizeBytes };
  }

  get deletedCount(): number {
    return this.#deleted.size;
  }

  /** Fails when another session may have taken the maildrop, as when this gateway was cut off for long. */
  checkLock(): void {
    if (!this.#lock.isHeld) throw new Refused('The lock of the maildrop was lost: log in again', 'SYS/TEMP');
  }

  /** The messages that are not marked, in order. */
  *messages(): Generator<Message> {
    for (let number = 1; number <= this.#uids.length; number++) {
      if (!this.#deleted.has(number)) yield this.#message(number);
    }
  }

  /** The message of a number; refused when there is none or it is marked. */
  message(number: number): Message {
    if (number < 1 || number > this.#uids.length) throw new Refused('No such message');
    if (this.#deleted.has(number)) throw new Refused('The message is marked as deleted');
    return this.#message(number);
  }

  /**
   * The unique id of a message (RFC 1939 §7): mailbox and UID, neither of which is ever used again (Rule 6), whatever the
   * mailbox is called.
   */
  uniqueId({ uid }: Message): string {
    return `${BigInt(`0x${this.#open.mailbox.id}`).toString(36)}.${uid.toString(36)}`;
  }

  mark({ number, sizeBytes }: Message): void {
    this.#deleted.add(number);
    this.#sizeBytes -= sizeBytes;
  }

  unmarkAll(): void {
    for (const number of this.#deleted) this.#sizeBytes += this.#sizeOf(number - 1);
    this.#deleted.clear();
  }

  /** The octets of a message, which counts as seen from now on: all of a short one. `StoreError('expunged')` when it is gone. */
  async octets(message: Message): Promise<Buffer | AsyncIterable<Buffer>> {
    if (!this.#isFresh) await this.#refresh();
    this.#checkExists(message);
    const short = message.sizeBytes <= this.#limits.aheadBytes;
    const octets = short ? await this.#ahead.take(message.number - 1) : await this.#stream(message);
    this.#retrieved.add(message.uid);
    return octets;
  }

  /** The header with its blank line, and the octets after it, pulled in pieces. */
  async opened(message: Message): Promise<{ readonly header: Buffer; readonly body: AsyncIterable<Buffer> }> {
    if (!this.#isFresh) await this.#refresh();
    this.#checkExists(message);
    const { store, space } = this.#open;
    const blob = this.#blobOf(message.number - 1);
    const [summary] = await summaries(store.context, space, [blob]);
    if (summary === undefined) throw gone();
    const { headerBytes } = summary;
    const header = await messageBytes(store.context, space, blob, { start: 0, end: headerBytes });
    return { header, body: this.#pieces(message, headerBytes) };
  }

  /**
   * The UPDATE state (RFC 1939 §6): what was retrieved is seen, what is marked is gone, as one; what others have expunged
   * meanwhile is left alone. Rejects when the store does, and nothing is lost.
   */
  async update(): Promise<number> {
    this.checkLock();
    const marked = UidSet.fromSorted([...this.#deleted].map((number) => this.#uidAt(number)).sort(ascending));
    const seen = this.#seen(marked);
    if (marked.isEmpty) return 0;
    const removed = await removeMessages(this.#open, (view) => view.present(marked), 'expunge');
    await seen;
    return removed.size;
  }

  /** Ends the session's hold: nothing is deleted. What was retrieved is seen. */
  async close(): Promise<void> {
    this.#unlisten();
    await this.#seen(UidSet.empty);
    await this.#lock.release().catch(ignoreUnavailable);
  }

  /** That a message was read is not worth failing for. */
  async #seen(except: UidSet): Promise<void> {
    const uids = UidSet.fromSorted([...this.#retrieved].filter((uid) => !except.has(uid)).sort(ascending));
    this.#retrieved.clear();
    if (uids.isEmpty) return;
    await setFlags(this.#open, { operation: 'add', flags: ['\\Seen'], uids }).catch(ignoreUnavailable);
  }

  #message(number: number): Message {
    return { number, uid: this.#uidAt(number), sizeBytes: this.#sizeOf(number - 1) };
  }

  #uidAt(number: number): number {
    const uid = this.#uids[number - 1];
    if (uid === undefined) throw new Error(`no message ${number}`);
    return uid;
  }

  #sizeOf(index: number): number {
    return this.#sizes[index] ?? -1;
  }

  #blobOf(index: number) {
    const row = this.#view.coldOf(this.#uidAt(index + 1));
    if (row === undefined) throw new Error('the columns of a maildrop are loaded');
    return row.blob;
  }

  #read(index: number): Promise<Buffer> {
    return messageBytes(this.#open.store.context, this.#open.space, this.#blobOf(index));
  }

  #stream({ number }: Message): Promise<AsyncIterable<Buffer>> {
    return messageStream(this.#open.store.context, this.#open.space, this.#blobOf(number - 1));
  }

  async *#pieces({ number, sizeBytes }: Message, start: number): AsyncGenerator<Buffer> {
    const { store, space } = this.#open;
    const blob = this.#blobOf(number - 1);
    // TOP mostly wants few lines: the first piece is small.
    for (let [at, length] = [start, FIRST_PIECE_BYTES]; at < sizeBytes; length = this.#limits.pieceBytes) {
      yield await messageBytes(store.context, space, blob, { start: at, end: Math.min(sizeBytes, at + length) });
      at += length;
    }
  }

  /** Whether the mailbox was looked at just now. */
  get #isFresh(): boolean {
    return performance.now() - this.#lookedAt <= this.#limits.freshMs;
  }

  async #refresh(): Promise<void> {
    await this.#open.mailbox.refresh();
    this.#lookedAt = performance.now();
  }

  /** Blobs outlive their messages by days: whether one was expunged only the mailbox knows. */
  #checkExists({ uid }: Message): void {
    const { cached } = this.#open.mailbox;
    // The same view has the same messages.
    if (cached !== undefined && cached.view !== this.#view && !cached.view.has(uid)) throw gone();
  }
}

const FIRST_PIECE_BYTES = 16 * 1024;

function ascending(a: number, b: number): number {
  return a - b;
}

function gone(): StoreError {
  return new StoreError('expunged', 'The message was expunged by another session');
}

function ignoreUnavailable(error: unknown): void {
  if (!(error instanceof StoreError)) throw error;
}
