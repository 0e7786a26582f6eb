import type { Id } from '../../../lib/base/ids.ts';
import { listNames } from '../../../lib/store/list-names.ts';
import type { ListedName } from '../../../lib/store/names.ts';
import { hasRight } from '../../../lib/store/rights.ts';
import { type MailboxStatus, mailboxStatuses } from '../../../lib/store/status.ts';
import { UidSet } from '../../../lib/store/uid-set.ts';
import type { Context } from '../context.ts';
import { FetchWriter } from '../fetch/fetch-writer.ts';
import { modSeqOf } from '../mod-seq.ts';
import type { Selected, Telling } from '../selected.ts';
import type { EventGroup, StatusItem } from '../wire/commands.ts';
import { condition, status as statusLine } from '../wire/write/response.ts';
import { eventsOf, selectedGroup } from './groups.ts';
import { MetadataChanges } from './metadata-changes.ts';
import { hiddenNames, nameChanges } from './name-changes.ts';

/** A mailbox that is told of, by name. */
interface Watched {
  readonly row: ListedName & { readonly mailbox: Id };
  readonly events: ReadonlySet<string>;
  told: MailboxStatus | undefined;
  readonly unlisten: () => void;
}

/**
 * What NOTIFY asked for (RFC 5465): tells changes of mailboxes while the session waits for the client. It learns of them when
 * they happen in this process, or a hint says so, and by a look each minute; what is told is what the heads say.
 */
export class Notifier {
  /** IDLE runs, in which expunges may be told at once. */
  idling = false;
  readonly #context: Context;
  readonly #groups: readonly EventGroup[];
  readonly #selected: EventGroup | undefined;
  readonly #metadata: MetadataChanges;
  readonly #stops: (() => void)[] = [];
  readonly #dirty = new Set<Id>();
  #names: readonly ListedName[] = [];
  #watched = new Map<Id, Watched>();
  #namesDirty = false;
  #selectedDirty = false;
  #followed: { readonly selected: Selected; readonly unlisten: () => void } | undefined;
  /** What was selected when the session last waited. */
  #was: Selected | undefined;
  /** New messages from this UID on are still to be fetched. */
  #fetchFrom = 0;
  #paused = true;
  #stopped = false;
  #running: Promise<void> | undefined;

  constructor(context: Context, groups: readonly EventGroup[]) {
    this.#context = context;
    this.#groups = groups;
    this.#selected = selectedGroup(groups);
    this.#metadata = new MetadataChanges(context, groups);
  }

  /** Whether changes of the selected mailbox are told here. */
  get tellsSelected(): boolean {
    return (this.#selected?.events.size ?? 0) > 0;
  }

  /**
   * How a change of messages is told while this lasts: where changes are asked about, with the UID, and with the names of
   * annotations (RFC 5465 §5.1).
   */
  telling(telling: Telling): Telling {
    if (this.#stopped || this.#selected === undefined) return telling;
    const { events } = this.#selected;
    const annotations = events.has('ANNOTATIONCHANGE');
    if (!annotations && !events.has('FLAGCHANGE')) return telling;
    return { ...telling, withUid: true, annotations };
  }

  /** Takes in how things are, and with `status` tells it (RFC 5465 §3.1); false when that is too much to watch. */
  async begin(status: boolean): Promise<boolean> {
    const { account, options } = this.#context;
    const { store, limits } = options;
    this.#stops.push(store.onMoved(account.user.tree, () => this.#wake(() => (this.#namesDirty = true))));
    this.#names = await listNames(account, this.#context.names);
    if (!this.#watch()) {
      this.stop();
      return false;
    }
    for (const text of hiddenNames(this.#names, this.#asked)) this.#context.write(text);
    await this.#metadata.look(this.#names);
    await this.#readStatuses([...this.#watched.values()], status ? 'all' : 'nothing');
    const timer = setInterval(() => this.#poll(), limits.pollMs).unref();
    const watch = setInterval(() => this.#rewatch(), limits.watchMs).unref();
    this.#stops.push(
      () => clearInterval(timer),
      () => clearInterval(watch),
    );
    return true;
  }

  /** The session waits for its client: what has happened may be told. */
  resume(): void {
    if (this.#stopped) return;
    this.#paused = false;
    this.#remember();
    this.#follow();
    this.#run();
  }

  /** A command begins: settles when nothing more is written. */
  async pause(): Promise<void> {
    this.#paused = true;
    await this.#running;
  }

  stop(): void {
    this.#stopped = true;
    this.#followed?.unlisten();
    for (const { unlisten } of this.#watched.values()) unlisten();
    for (const stop of this.#stops.splice(0)) stop();
  }

  get #asked(): Parameters<typeof nameChanges>[2] {
    const { names, dialect } = this.#context;
    return { groups: this.#groups, names, dialect };
  }

  get #mayTell(): boolean {
    return !this.#paused && !this.#stopped;
  }

  #wake(note: () => void): void {
    note();
    this.#run();
  }

  #poll(): void {
    for (const id of this.#watched.keys()) this.#dirty.add(id);
    this.#namesDirty = true;
    const mailbox = this.#followed?.selected.open.mailbox;
    if (mailbox !== undefined) this.#context.options.store.context.background('poll', () => mailbox.refresh());
    this.#run();
  }

  #rewatch(): void {
    const mailbox = this.#followed?.selected.open.mailbox;
    if (mailbox !== undefined) this.#context.options.store.context.background('watch', () => mailbox.watch());
  }

  /** Of the mailbox that was left, the client knows what it was told while it was selected. */
  #remember(): void {
    const selected = this.#context.hasSelected ? this.#context.selected : undefined;
    if (selected === this.#was) return;
    const left = this.#was;
    this.#was = selected;
    const one = left && this.#watched.get(left.open.mailbox.id);
    if (left === undefined || one === undefined) return;
    const { uidNext, exists, unseen, deleted, bytes, lastAppendMs, annotationBytes, seq } = left.view.state;
    one.told = { uidNext, exists, unseen, deleted, bytes, lastAppendMs, annotationBytes, seq };
    this.#dirty.add(one.row.mailbox);
  }

  /** Listens to the mailbox that is selected now. */
  #follow(): void {
    const selected = this.tellsSelected && this.#context.hasSelected ? this.#context.selected : undefined;
    if (selected === this.#followed?.selected) return;
    this.#followed?.unlisten();
    this.#followed = undefined;
    if (selected === undefined) return;
    const unlisten = selected.open.mailbox.listen(() => this.#wake(() => (this.#selectedDirty = true)));
    this.#followed = { selected, unlisten };
    this.#fetchFrom = selected.view.state.uidNext;
    this.#selectedDirty = true;
    this.#rewatch();
  }

  #run(): void {
    if (!this.#mayTell || this.#running !== undefined) return;
    if (!this.#namesDirty && !this.#selectedDirty && this.#dirty.size === 0) return;
    this.#running = this.#tell().finally(() => {
      this.#running = undefined;
      this.#run();
    });
  }

  async #tell(): Promise<void> {
    try {
      while (this.#mayTell && (this.#namesDirty || this.#selectedDirty || this.#dirty.size > 0)) {
        if (this.#selectedDirty) await this.#tellSelected();
        else if (this.#namesDirty) await this.#tellNames();
        else await this.#tellStatuses();
      }
    } catch (error) {
      this.#context.log.debug({ err: error }, 'NOTIFY could not tell');
      this.#context.connection.destroy();
      this.stop();
    }
  }

  async #tellSelected(): Promise<void> {
    this.#selectedDirty = false;
    const context = this.#context;
    if (!context.hasSelected || this.#selected === undefined) return;
    const expunges = this.idling || this.#selected.filter.kind === 'selected';
    await context.tell({ expunges, withUid: false });
    if (!context.hasSelected) {
      // It is gone and BYE is said: the waiting read ends with the connection.
      void context.connection.close();
      return;
    }
    const { view } = context.selected;
    const from = this.#fetchFrom;
    this.#fetchFrom = view.state.uidNext;
    if (this.#selected.fetch.length === 0 || view.state.uidNext <= from) return;
    const come = view.present(UidSet.fromRanges([[from, view.state.uidNext - 1]]));
    const writer = new FetchWriter(context, this.#selected.fetch, UidSet.empty);
    let batch: number[] = [];
    for (const uid of come) {
      batch.push(uid);
      if (batch.length < context.options.limits.batchMessages) continue;
      await writer.write(batch);
      batch = [];
    }
    if (batch.length > 0) await writer.write(batch);
  }

  async #tellNames(): Promise<void> {
    this.#namesDirty = false;
    const before = this.#names;
    const after = await listNames(this.#context.account, this.#context.names);
    for (const text of nameChanges(before, after, this.#asked)) this.#context.write(text);
    for (const text of await this.#metadata.look(after)) this.#context.write(text);
    this.#names = after;
    const known = new Set(this.#watched.keys());
    if (!this.#watch()) return this.#overflow();
    const come = [...this.#watched.values()].filter(({ row }) => !known.has(row.mailbox));
    await this.#readStatuses(come, 'nothing');
    await this.#context.flow();
  }

  /** Listens to the mailboxes that groups ask about, and no longer to others; false when they are too many. */
  #watch(): boolean {
    const { store, limits } = this.#context.options;
    const next = new Map<Id, Watched>();
    const wanted = this.#names.flatMap((row) => {
      const events = eventsOf(this.#groups, row, this.#context.names);
      const { mailbox } = row;
      const isTold = mailbox !== undefined && hasRight(row.rights, 'r') && events.has('MESSAGENEW');
      return isTold ? [{ row: { ...row, mailbox }, events }] : [];
    });
    if (wanted.length > limits.notifyMailboxes) return false;
    for (const { row, events } of wanted) {
      const { mailbox } = row;
      const known = this.#watched.get(mailbox);
      const unlisten = known?.unlisten ?? store.onMoved(mailbox, () => this.#wake(() => void this.#dirty.add(mailbox)));
      next.set(mailbox, { row, events, told: known?.told, unlisten });
    }
    for (const [id, { unlisten }] of this.#watched) if (!next.has(id)) unlisten();
    this.#watched = next;
    return true;
  }

  async #tellStatuses(): Promise<void> {
    const some = [...this.#dirty].flatMap((id) => this.#watched.get(id) ?? []);
    this.#dirty.clear();
    await this.#readStatuses(some, 'changed');
  }

  async #readStatuses(watched: readonly Watched[], tell: 'all' | 'changed' | 'nothing'): Promise<void> {
    const { store } = this.#context.options;
    const found = await mailboxStatuses(
      store.ports.index,
      watched.map(({ row }) => row.mailbox),
    );
    for (const [i, one] of watched.entries()) {
      const now = found[i];
      const before = one.told;
      one.told = now;
      if (now === undefined || tell === 'nothing') continue;
      if (
        tell === 'changed' &&
        (!isNews(before, now, one.events, this.#context.style.condstore) || this.#isSelected(one.row.mailbox))
      )
        continue;
      await this.#writeStatus(one.row, now, one.events, tell === 'all');
      await this.#context.flow();
    }
  }

  #isSelected(mailbox: Id): boolean {
    return this.#context.hasSelected && this.#context.selected.open.mailbox.id === mailbox;
  }

  /** RFC 5465 §5.1 to §5.3; at the beginning (§3.1), HIGHESTMODSEQ is told of what may change, whatever is enabled. */
  async #writeStatus(
    { name }: ListedName,
    now: MailboxStatus,
    events: ReadonlySet<string>,
    atBegin: boolean,
  ): Promise<void> {
    const { account, dialect, style } = this.#context;
    const { tree, path } = await account.locate(name);
    const binding = (tree.cached ?? (await tree.refresh())).view.binding(path);
    if (binding === undefined) return;
    const values: [StatusItem, number][] = [
      ['MESSAGES', now.exists],
      ['UIDNEXT', now.uidNext],
      ['UIDVALIDITY', binding.uidValidity],
    ];
    if (events.has('FLAGCHANGE') && !style.condstore) values.push(['UNSEEN', now.unseen]);
    const changes = events.has('FLAGCHANGE') || events.has('ANNOTATIONCHANGE');
    if (style.condstore || (atBegin && changes)) values.push(['HIGHESTMODSEQ', modSeqOf(now.seq)]);
    this.#context.write(statusLine(name, values, dialect));
  }

  /** RFC 5465 §5.8: from here on it is as after NOTIFY NONE. */
  #overflow(): void {
    this.#context.write(condition(null, 'OK', 'NOTIFICATIONOVERFLOW', 'Too many mailboxes: nothing more is told'));
    this.stop();
  }
}

/** Whether something has happened that the client wants to hear of. */
function isNews(
  before: MailboxStatus | undefined,
  now: MailboxStatus,
  events: ReadonlySet<string>,
  condstore: boolean,
): boolean {
  if (before === undefined) return true;
  const came = now.uidNext !== before.uidNext;
  const went = now.exists !== before.exists + (now.uidNext - before.uidNext);
  // RFC 5465 §5.1: the STATUS response has no news of annotations but HIGHESTMODSEQ. What has changed, a head does not say.
  const hears = events.has('FLAGCHANGE') || (events.has('ANNOTATIONCHANGE') && condstore);
  return came || went || (hears && now.seq !== before.seq);
}
