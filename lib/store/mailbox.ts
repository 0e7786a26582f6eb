import type { Id } from '../base/ids.ts';
import type { Change, CommitOptions, Committed } from './commit-plan.ts';
import { COMPACT_RECORDS, compact, isDue } from './compact.ts';
import type { Head, Watcher } from './head.ts';
import { Log, type LogContext } from './log.ts';
import { Moved } from './log-reader.ts';
import { annotationValues, type ValuesByUid } from './mailbox-annotations.ts';
import type { ColdRow } from './mailbox-block.ts';
import { type FoldLimits, foldMailbox } from './mailbox-fold.ts';
import { type KeptExpunged, keptExpunged, loadCold, mailboxType } from './mailbox-snapshot.ts';
import type { MailboxView } from './mailbox-view.ts';
import { manifestMetadata } from './manifest-metadata.ts';
import type { BlobMetadata, Hints } from './ports.ts';
import type { TreeView } from './tree-view.ts';
import type { UidSet } from './uid-set.ts';

/** At most this many gateways are told of a mailbox's commits; more of them poll (Rule 20). */
export const MAX_WATCHERS = 4;
const WATCH_MS = 30 * 60_000;
/** A view whose snapshot is further behind the newest one than this is read again. */
const RELOAD_RECORDS = 8 * COMPACT_RECORDS;

export interface MailboxContext extends LogContext {
  readonly hints: Hints;
  /** Work that nobody waits for; its failures are logged. */
  readonly background: (what: string, work: () => Promise<unknown>) => void;
  /** Told of every commit of this process, for whoever asked by {@link MailStore.onMoved}. */
  readonly committed?: (log: Id) => void;
  readonly foldLimits?: FoldLimits;
  /** The newest view of a tree; undefined when it cannot be read. */
  readonly treeView?: (tree: Id) => Promise<TreeView | undefined>;
}

/** One mailbox in one process, shared by its sessions: the newest view known here, and the door to change it. */
export class Mailbox {
  readonly id: Id;
  readonly #context: MailboxContext;
  readonly #log: Log<MailboxView>;
  readonly #listeners = new Set<() => void>();
  /** The view is being put on another snapshot. */
  #compacting = false;
  #told: MailboxView | undefined;
  #toldState: Head['state'] = 'open';

  constructor(context: MailboxContext, id: Id) {
    this.id = id;
    this.#context = context;
    this.#log = new Log(context, mailboxType(context), id);
  }

  /** The newest view known in this process; read first with {@link refresh}. */
  get cached(): { readonly head: Head; readonly view: MailboxView } | undefined {
    return this.#log.cached;
  }

  /** What it holds in memory, in messages or names. */
  get weight(): number {
    return this.#log.cached?.view.exists ?? 0;
  }

  get inUse(): boolean {
    return this.#listeners.size > 0 || this.#log.busy || this.#compacting;
  }

  /** The newest view there is: one small read when nothing changed. `StoreError('gone')` when the mailbox is no more. */
  async refresh(): Promise<{ readonly head: Head; readonly view: MailboxView }> {
    const base = await this.#log.read();
    this.#tell();
    this.#reloadWhenOld(base);
    return base;
  }

  /** Takes in a head read elsewhere, in a batch. */
  async offer(head: Head): Promise<MailboxView> {
    const base = await this.#log.offer(head);
    this.#tell();
    this.#reloadWhenOld(base);
    return base.view;
  }

  /** Commits a change (Rules 1 to 5) and tells whoever watches the mailbox. */
  async commit<R>(change: Change<MailboxView, R>, options?: CommitOptions<MailboxView>): Promise<Committed<R>> {
    const committed = await this.#log.commit(change, options);
    this.#tell();
    const addresses = committed.watchers.map(({ address }) => address);
    if (addresses.length > 0) this.#context.hints.send({ id: this.id, rev: committed.rev }, addresses);
    this.#context.committed?.(this.id);
    this.#compactWhenDue();
    return committed;
  }

  /** Changes the head without a record (Rule 7). */
  editHead(edit: (head: Head) => Partial<Head> | undefined): Promise<Head> {
    return this.#log.editHead(edit);
  }

  /** Calls the listener when this process learns of a newer view or of its end; answers a function that ends it. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Asks to be told of commits by other processes for half an hour (Rule 20); false when too many ask already. */
  async watch(): Promise<boolean> {
    const { address } = this.#context.hints;
    const now = this.#context.clock.now();
    const head = await this.#log.editHead(({ watchers }) => {
      const live = watchers.filter(({ expiresAtMs }) => expiresAtMs > now);
      const own = live.find((watcher) => watcher.address === address);
      if (own !== undefined && own.expiresAtMs > now + WATCH_MS / 2) return undefined;
      const others = live.filter((watcher) => watcher !== own);
      if (others.length >= MAX_WATCHERS) return undefined;
      const watcher: Watcher = { address, expiresAtMs: now + WATCH_MS };
      return { watchers: [...others, watcher] };
    });
    return head.watchers.some((watcher) => watcher.address === address);
  }

  /** Sizes, dates and blobs of the messages that exist, by UID; fetched from the snapshot where need be. */
  async cold(view: MailboxView, uids: UidSet): Promise<Map<number, ColdRow>> {
    await this.loadCold(view, uids);
    const rows = new Map<number, ColdRow>();
    for (const uid of uids) {
      const row = view.coldOf(uid);
      if (row !== undefined) rows.set(uid, row);
    }
    return rows;
  }

  /** Makes `view.coldOf` answer for the messages (all without a set). */
  async loadCold(view: MailboxView, uids?: UidSet): Promise<void> {
    try {
      await loadCold(this.#context, view, uids);
    } catch (error) {
      // The view's snapshot was replaced and tidied away: its successor has the same rows for what still exists.
      if (!(error instanceof Moved)) throw error;
      const { view: newer } = await this.#log.reload();
      await loadCold(this.#context, view.withSnapshotOf(newer), uids, newer);
    }
  }

  /** The values of the messages' annotations in the view; fetched from the snapshot where need be. */
  async annotations(view: MailboxView, uids: UidSet): Promise<ValuesByUid> {
    try {
      return await annotationValues(this.#context, view, uids);
    } catch (error) {
      if (!(error instanceof Moved)) throw error;
      const { view: newer } = await this.#log.reload();
      return annotationValues(this.#context, newer, uids);
    }
  }

  /** Expunged messages whose blobs are still kept (Rule 9), as of now. */
  async keptExpunged(): Promise<readonly KeptExpunged[]> {
    try {
      return await keptExpunged(this.#context, (await this.refresh()).view);
    } catch (error) {
      if (!(error instanceof Moved)) throw error;
      return keptExpunged(this.#context, (await this.#log.reload()).view);
    }
  }

  /** Folds the log into a snapshot now. */
  compact(): Promise<'moved' | 'lost' | 'nothing'> {
    return compact(this.#log, (view) =>
      foldMailbox(this.#context, view, {
        limits: this.#context.foldLimits,
        describe: () => this.#describe(view),
        space: this.#log.cached?.head.space,
      }),
    );
  }

  async #describe(view: MailboxView): Promise<BlobMetadata> {
    const owner = this.#log.cached?.head.owner;
    const tree = owner === undefined ? undefined : await this.#context.treeView?.(owner);
    return manifestMetadata(view, tree);
  }

  #compactWhenDue(): void {
    const head = this.#log.cached?.head;
    if (head === undefined || !isDue(head) || this.#compacting) return;
    this.#compacting = true;
    this.#context.background(`compact ${this.id}`, async () => {
      try {
        await this.compact();
      } finally {
        this.#compacting = false;
      }
    });
  }

  /**
   * A view that is only carried on by records remembers what the snapshots since have forgotten: in a process that
   * follows a mailbox for months and never folds it, that would be without bound.
   */
  #reloadWhenOld({ head, view }: { readonly head: Head; readonly view: MailboxView }): void {
    const restsOn = view.state.snapshot?.seq ?? 0;
    if (head.snapSeq - restsOn <= RELOAD_RECORDS || this.#compacting) return;
    this.#compacting = true;
    this.#context.background(`reload ${this.id}`, async () => {
      try {
        await this.#log.reload();
        this.#tell();
      } finally {
        this.#compacting = false;
      }
    });
  }

  #tell(): void {
    const { view, head } = this.#log.cached ?? {};
    const state = head?.state ?? 'open';
    // A mailbox that is closed has the view it had.
    if (view === this.#told && state === this.#toldState) return;
    this.#told = view;
    this.#toldState = state;
    for (const listener of this.#listeners) listener();
  }
}
