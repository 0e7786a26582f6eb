import type { Id } from '../base/ids.ts';
import { appendTo, begunWith, type MessageToAppend } from './append.ts';
import { type AppendView, appendType } from './append-view.ts';
import { findCommitted } from './committed-before.ts';
import { isDue } from './compact.ts';
import type { Head } from './head.ts';
import { Log } from './log.ts';
import type { MailStore } from './mail-store.ts';

/**
 * Where deliveries append to a mailbox that nobody has open in this process: by its head alone, in groups like every
 * commit. A mailbox that is open here takes deliveries through its own log.
 */
export class DeliveryLog {
  readonly id: Id;
  readonly #store: MailStore;
  readonly #log: Log<AppendView>;

  constructor(store: MailStore, id: Id) {
    this.id = id;
    this.#store = store;
    this.#log = new Log(store.context, appendType, id);
  }

  /** What it holds in memory, in messages or names. */
  get weight(): number {
    return 0;
  }

  get inUse(): boolean {
    return this.#log.busy;
  }

  /** Takes in a head read elsewhere. */
  async offer(head: Head): Promise<void> {
    await this.#log.offer(head);
  }

  /** Seq of the newest head known here. */
  async seq(): Promise<number> {
    return (this.#log.cached ?? (await this.#log.read())).head.seq;
  }

  /**
   * Appends messages without keywords under the nonce, and tells whoever watches. Rejects with `AlreadyCommitted` when a
   * record after `sinceSeq` has the nonce (Rule 13).
   */
  async append(messages: readonly MessageToAppend[], nonce: Buffer, sinceSeq: number): Promise<void> {
    const { context } = this.#store;
    const change = (view: AppendView) => ({ record: appendTo(view, messages, true).record, reply: undefined });
    const whole = async () => (await this.#store.mailbox(this.id).refresh()).view;
    const { rev, watchers } = await this.#log.commit(change, {
      nonce,
      begunMs: begunWith(messages),
      isCommitted: async (base) => (await findCommitted(context, this.id, base, nonce, sinceSeq, whole)) !== undefined,
    });
    const addresses = watchers.map(({ address }) => address);
    if (addresses.length > 0) this.#store.context.hints.send({ id: this.id, rev }, addresses);
    this.#store.moved(this.id, rev);
    const head = this.#log.cached?.head;
    if (head !== undefined && isDue(head)) this.#store.compactSoon(this.id);
  }
}
