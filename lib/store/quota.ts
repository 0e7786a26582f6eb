import { type Id, idIsShared } from '../base/ids.ts';
import { quotaKey, quotaPk } from './keys.ts';
import type { LogContext } from './log.ts';
import type { Item } from './ports.ts';
import type { QuotaRoot } from './tree-view.ts';

/** Usage of a quota root: messages that exist, and their bytes. Expunged mail does not count (Rule 19). */
export interface Usage {
  readonly bytes: number;
  readonly messages: number;
}

/** Usage changes are added up for so long before they are written. */
const BATCH_MS = 1000;
/** The sum over the spaces of a root that all users of a domain share may be so old (Rule 19). */
const SUM_MS = 60_000;

/** Counts usage per root and space; adds are batched per process (Rule 19). Drift heals by the sweep's recount. */
export class QuotaLedger {
  readonly #context: LogContext & { readonly background: (what: string, work: () => Promise<unknown>) => void };
  #pending = new Map<string, { readonly root: Id; readonly space: Id; bytes: number; messages: number }>();
  #timer: NodeJS.Timeout | undefined;
  /** Of roots over many spaces: what is added up anew only now and then. */
  readonly #sums = new Map<Id, { bytes: number; messages: number; readonly untilMs: number }>();

  constructor(context: LogContext & { readonly background: (what: string, work: () => Promise<unknown>) => void }) {
    this.#context = context;
  }

  /** Notes that messages came (or, negative, went). */
  add(root: QuotaRoot | undefined, space: Id, bytes: number, messages: number): void {
    if (root === undefined || (bytes === 0 && messages === 0)) return;
    const key = `${root.id}/${space}`;
    const sum = this.#pending.get(key) ?? { root: root.id, space, bytes: 0, messages: 0 };
    sum.bytes += bytes;
    sum.messages += messages;
    this.#pending.set(key, sum);
    const known = this.#sums.get(root.id);
    if (known !== undefined) [known.bytes, known.messages] = [known.bytes + bytes, known.messages + messages];
    if (this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#context.background('quota', () => this.flush()), BATCH_MS);
      this.#timer.unref();
    }
  }

  /** Writes what is batched. A failed add is lost, not repeated: it may have been applied, and the recount heals it. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const sums = [...this.#pending.values()];
    this.#pending = new Map();
    await Promise.all(
      sums.map(({ root, space, bytes, messages }) =>
        this.#context.index.add(quotaKey(root, space), { b: bytes, n: messages, r: 1 }),
      ),
    );
  }

  /** Usage of the root over all its spaces, this process's batched adds included. */
  async usage(root: QuotaRoot): Promise<Usage> {
    const known = this.#sums.get(root.id);
    if (known !== undefined && known.untilMs > this.#context.clock.now()) return known;
    const usage = await this.#sum(root);
    if (idIsShared(root.id)) this.#sums.set(root.id, { ...usage, untilMs: this.#context.clock.now() + SUM_MS });
    return usage;
  }

  /** The same where the item of the root's one space was read already. */
  async usageWith(root: QuotaRoot | undefined, item: Item | undefined): Promise<Usage> {
    if (root !== undefined && idIsShared(root.id)) return this.usage(root);
    return this.usageOf(root, item === undefined ? [] : [item]);
  }

  async #sum(root: QuotaRoot): Promise<Usage> {
    const items: Item[] = [];
    let after: Buffer | undefined;
    do {
      const page = await this.#context.index.query({ pk: quotaPk(root.id), ...(after && { after }) });
      for (const { item } of page.rows) items.push(item);
      after = page.next;
    } while (after !== undefined);
    return this.usageOf(root, items);
  }

  /** The same from items that were read already. */
  usageOf(root: QuotaRoot | undefined, items: readonly Item[]): Usage {
    let [bytes, messages] = [0, 0];
    for (const { b, n } of items) {
      if (typeof b === 'number') bytes += b;
      if (typeof n === 'number') messages += n;
    }
    for (const sum of this.#pending.values()) {
      if (sum.root === root?.id) [bytes, messages] = [bytes + sum.bytes, messages + sum.messages];
    }
    return { bytes, messages };
  }

  /** Sets the usage of one space to what a recount found, unless it was changed since `rev` was read (Rule 19). */
  async recount(root: Id, space: Id, counted: Usage): Promise<boolean> {
    this.#sums.delete(root);
    const key = quotaKey(root, space);
    const item = await this.#context.index.get(key);
    if (item?.b === counted.bytes && item.n === counted.messages) return true;
    const rev = typeof item?.r === 'number' ? item.r : undefined;
    const next = { b: counted.bytes, n: counted.messages, r: (rev ?? 0) + 1 };
    return (await this.#context.index.put(key, next, rev === undefined ? 'absent' : { rev })).ok;
  }
}

/** Whether one more message may come: the one that crosses the limit is accepted (Rule 19). */
export function isOverQuota(root: QuotaRoot, { bytes, messages }: Usage): boolean {
  return (
    (root.storageKib !== undefined && bytes >= root.storageKib * 1024) ||
    (root.messages !== undefined && messages >= root.messages)
  );
}
