import type { Clock } from '../base/clock.ts';
import { systemClock } from '../base/clock.ts';
import { type Id, newId } from '../base/ids.ts';
import { DeliveryLog } from './delivery-log.ts';
import { StoreError } from './errors.ts';
import { encodeHead, type Head } from './head.ts';
import { GRACE_MIN_MS, GRACE_MS } from './keep.ts';
import { headKey, type LogLetter } from './keys.ts';
import { Mailbox, type MailboxContext } from './mailbox.ts';
import type { FoldLimits } from './mailbox-fold.ts';
import { encodeCounts } from './mailbox-view.ts';
import { OverlayCache } from './overlay-cache.ts';
import type { Blobs, Hints, Index, Jobs } from './ports.ts';
import { QuotaLedger } from './quota.ts';
import { SummaryPieceCache } from './summary-pieces.ts';
import { Tree } from './tree.ts';
import { encodeTreeExtra } from './tree-view.ts';

export interface StorePorts {
  readonly index: Index;
  readonly blobs: Blobs;
  readonly hints: Hints;
  readonly jobs: Jobs;
}

export interface StoreOptions {
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Told of failures in work that nobody waits for. */
  readonly onError?: (what: string, error: unknown) => void;
  /** How long expunged mail can be brought back; the grace at least (Rule 9). */
  readonly expungeDelayMs?: number;
  /** Mailboxes and trees kept in memory when no session has them open: their number, and their messages in all. */
  readonly cacheSize?: number;
  readonly cacheMessages?: number;
  /** How finely snapshots of mailboxes are cut. */
  readonly foldLimits?: FoldLimits;
}

const CACHE_SIZE = 2000;
/** At about 60 bytes a message with all its columns: 120 MB. */
const CACHE_MESSAGES = 2_000_000;

/** The mail store in one process: everything below is reached through it. */
export class MailStore {
  readonly ports: StorePorts;
  readonly context: MailboxContext;
  readonly quota: QuotaLedger;
  readonly expungeDelayMs: number;
  readonly overlays = new OverlayCache();
  /** Summaries that are read together, of the mailboxes used lately. */
  readonly summaryPieces = new SummaryPieceCache();
  readonly #mailboxes: Cache<Mailbox>;
  readonly #trees: Cache<Tree>;
  readonly #deliveries: Cache<DeliveryLog>;
  readonly #compacting = new Set<Id>();
  readonly #background = new Set<Promise<unknown>>();
  readonly #onMoved = new Map<Id, Set<() => void>>();
  readonly #stopHints: () => void;

  constructor(ports: StorePorts, options: StoreOptions = {}) {
    this.ports = ports;
    this.expungeDelayMs = Math.max(GRACE_MIN_MS, options.expungeDelayMs ?? GRACE_MS);
    const onError = options.onError ?? (() => undefined);
    this.context = {
      index: ports.index,
      blobs: ports.blobs,
      hints: ports.hints,
      clock: options.clock ?? systemClock,
      random: options.random ?? Math.random,
      committed: (id) => this.#tellMoved(id),
      ...(options.foldLimits && { foldLimits: options.foldLimits }),
      // Metadata is worth having and not worth failing for.
      treeView: async (id) =>
        (
          await this.tree(id)
            .refresh()
            .catch(() => undefined)
        )?.view,
      background: (what, work) => {
        const running = work()
          .catch((error: unknown) => onError(what, error))
          .finally(() => this.#background.delete(running));
        this.#background.add(running);
      },
    };
    const size = options.cacheSize ?? CACHE_SIZE;
    const messages = options.cacheMessages ?? CACHE_MESSAGES;
    this.#mailboxes = new Cache(size, messages, (id) => new Mailbox(this.context, id));
    this.#trees = new Cache(size, messages, (id) => new Tree(this.context, id));
    this.quota = new QuotaLedger(this.context);
    this.#deliveries = new Cache(size, messages, (id) => new DeliveryLog(this, id));
    this.#stopHints = ports.hints.listen(({ id, rev }) => this.moved(id as Id, rev));
  }

  /** Somebody committed to the mailbox: whoever has it open in this process is told. */
  moved(id: Id, rev: number): void {
    this.#tellMoved(id);
    const mailbox = this.#mailboxes.peek(id);
    const known = mailbox?.cached;
    if (mailbox === undefined || known === undefined || known.head.rev >= rev) return;
    this.context.background(`hint ${id}`, () => mailbox.refresh());
  }

  /**
   * Calls the listener when a mailbox or tree was committed to in this process, or when a hint says that it moved; answers a
   * function that ends it. Nothing is read or kept in memory for it; commits of other processes need not be told.
   */
  onMoved(id: Id, listener: () => void): () => void {
    const listeners = this.#onMoved.get(id) ?? new Set();
    this.#onMoved.set(id, listeners);
    // One function may listen twice.
    const own = (): void => listener();
    listeners.add(own);
    return () => {
      listeners.delete(own);
      if (listeners.size === 0 && this.#onMoved.get(id) === listeners) this.#onMoved.delete(id);
    };
  }

  #tellMoved(id: Id): void {
    for (const listener of this.#onMoved.get(id) ?? []) listener();
  }

  /** Folds the mailbox's log in the background, unless that is under way here. */
  compactSoon(id: Id): void {
    const mailbox = this.#mailboxes.peek(id) ?? new Mailbox(this.context, id);
    if (this.#compacting.has(id)) return;
    this.#compacting.add(id);
    this.context.background(`compact ${id}`, () => mailbox.compact().finally(() => this.#compacting.delete(id)));
  }

  /** The mailbox when this process has it in memory. */
  openedMailbox(id: Id): Mailbox | undefined {
    const mailbox = this.#mailboxes.peek(id);
    return mailbox?.cached === undefined ? undefined : mailbox;
  }

  /** Where deliveries to a mailbox that is not in memory go. */
  deliveryLog(id: Id): DeliveryLog {
    return this.#deliveries.get(id);
  }

  get clock(): Clock {
    return this.context.clock;
  }

  mailbox(id: Id): Mailbox {
    return this.#mailboxes.get(id);
  }

  tree(id: Id): Tree {
    return this.#trees.get(id);
  }

  newId(options?: { readonly shared?: boolean }): Id {
    return newId(this.clock.now(), options);
  }

  /** Puts the head of a new, empty mailbox of a tree; it is nobody's until the tree binds it (Rule 5). */
  async createMailbox(owner: Id, space: Id): Promise<Id> {
    const id = this.newId();
    const none = { uidNext: 1, exists: 0, unseen: 0, deleted: 0, bytes: 0, lastAppendMs: 0, annotationBytes: 0 };
    await this.#createHead('M', id, owner, space, encodeCounts(none));
    return id;
  }

  /** Puts the head of a new, empty tree. */
  async createTree(owner: Id, space: Id): Promise<Id> {
    const id = this.newId();
    await this.#createHead(
      'T',
      id,
      owner,
      space,
      encodeTreeExtra({ inbox: undefined, quota: undefined, script: undefined }),
    );
    return id;
  }

  async #createHead(letter: LogLetter, id: Id, owner: Id, space: Id, extra: Buffer): Promise<void> {
    const head: Head = {
      rev: 1,
      state: 'open',
      space,
      owner,
      seq: 0,
      snapId: undefined,
      snapSeq: 0,
      snapIsObject: false,
      flushedSeq: 0,
      behindBytes: 0,
      extra,
      tail: [],
      watchers: [],
    };
    const result = await this.ports.index.put(headKey(letter, id), encodeHead(head, Buffer.alloc(0)), 'absent');
    // Ids are random: a head that is there already is our own, put by a try whose answer was lost.
    if (!result.ok && result.current?.r !== 1) throw new StoreError('unavailable', 'a new id was in use already');
  }

  /** Writes what is batched and waits for work that nobody waits for: before a process is put to sleep. The ports stay open. */
  async settle(): Promise<void> {
    this.context.background('quota', () => this.quota.flush());
    while (this.#background.size > 0) await Promise.all(this.#background);
  }

  async close(): Promise<void> {
    this.#stopHints();
    await this.settle();
  }
}

interface Cached {
  /** A session or a commit holds it: it must stay the only one of its id. */
  readonly inUse: boolean;
  /** Messages that it holds in memory. */
  readonly weight: number;
}

/** The most recently used things by id, within a number and a weight; those in use are never dropped. */
class Cache<T extends Cached> {
  readonly #size: number;
  readonly #maxWeight: number;
  readonly #make: (id: Id) => T;
  readonly #entries = new Map<Id, T>();

  constructor(size: number, maxWeight: number, make: (id: Id) => T) {
    this.#size = size;
    this.#maxWeight = maxWeight;
    this.#make = make;
  }

  peek(id: Id): T | undefined {
    return this.#entries.get(id);
  }

  get(id: Id): T {
    const known = this.#entries.get(id);
    if (known !== undefined) {
      this.#entries.delete(id);
      this.#entries.set(id, known);
      return known;
    }
    this.#evict();
    const entry = this.#make(id);
    this.#entries.set(id, entry);
    return entry;
  }

  #evict(): void {
    let weight = 0;
    for (const entry of this.#entries.values()) weight += entry.weight;
    for (const [id, entry] of this.#entries) {
      if (this.#entries.size < this.#size && weight <= this.#maxWeight) return;
      if (entry.inUse) continue;
      weight -= entry.weight;
      this.#entries.delete(id);
    }
  }
}
