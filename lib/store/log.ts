import { randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { Id } from '../base/ids.ts';
import {
  AlreadyCommitted,
  type Base,
  type Change,
  type CommitOptions,
  CommitPlan,
  type Committed,
  type Waiting,
} from './commit-plan.ts';
import { StoreError } from './errors.ts';
import { encodeHead, type Head } from './head.ts';
import { backOff, COMMIT_BYTES, HeadWriter, headBytesOf, isUnavailable, UNAVAILABLE_TRIES } from './head-writer.ts';
import { catchUp, type LogContext, type LogType, type LogView, Moved, withHead } from './log-reader.ts';
import { encodeRecord, NONCE_BYTES } from './record.ts';

export type { LogContext } from './log-reader.ts';

/** Changes tried together: about as many records as one head takes. */
const GROUP_CHANGES = 64;

interface LookedUp<V> {
  /** Our write had been applied. */
  readonly committed: boolean;
  /** Else: changes that another process has committed under the same nonce (Rule 13). */
  readonly elsewhere: ReadonlySet<Waiting<V>>;
  /** The view to go on from. */
  readonly base: Base<V>;
}

/** One log in one process: the cached view, and the group commit of everything that waits for it (Rule 4). */
export class Log<V extends LogView<V>> {
  readonly id: Id;
  readonly #context: LogContext;
  readonly #type: LogType<V>;
  readonly #writer: HeadWriter;
  #base: Base<V> | undefined;
  #queue: Waiting<V>[] = [];
  #running = false;
  #reading: Promise<Base<V>> | undefined;

  constructor(context: LogContext, type: LogType<V>, id: Id) {
    this.#context = context;
    this.#type = type;
    this.#writer = new HeadWriter(context, type.letter, id);
    this.id = id;
  }

  /** What this process knows, maybe old; undefined before the first read. */
  get cached(): Base<V> | undefined {
    return this.#base;
  }

  get clock(): Clock {
    return this.#context.clock;
  }

  get busy(): boolean {
    return this.#running || this.#reading !== undefined;
  }

  /** The newest view, by one strong read of the head. Concurrent callers share a read that begins after they call. */
  async read(): Promise<Base<V>> {
    // A read under way may have begun before what the caller has already seen acknowledged: wait for the next one.
    if (this.#reading !== undefined) await this.#reading.catch(() => undefined);
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<Base<V>> {
    const base = await withHead(this.#context, this.#type.letter, this.id, async (head) => this.#advance(head));
    if (base === undefined) throw new StoreError('gone', 'the mailbox does not exist any more');
    return base;
  }

  /** The view at `head`, kept as this log's cache unless that is newer. */
  async #advance(head: Head): Promise<Base<V>> {
    const from = this.#base;
    const { view } = await catchUp(this.#context, this.#type, this.id, head, from?.view);
    return this.#keep({ head, view });
  }

  #keep(base: Base<V>): Base<V> {
    if (this.#base === undefined || base.head.rev > this.#base.head.rev) this.#base = base;
    return this.#base;
  }

  /** The newest view, on the snapshot that the head names whatever is cached, and kept from now on. */
  async reload(): Promise<Base<V>> {
    const base = await withHead(this.#context, this.#type.letter, this.id, async (head) => {
      const { view } = await catchUp(this.#context, this.#type, this.id, head, undefined);
      return { head, view };
    });
    if (base === undefined) throw new StoreError('gone', 'the mailbox does not exist any more');
    if (this.#base === undefined || base.head.rev >= this.#base.head.rev) this.#base = base;
    return base;
  }

  /** Takes in a head that somebody else read (a batch, a failed condition), if it is newer. */
  async offer(head: Head): Promise<Base<V>> {
    if (this.#base !== undefined && this.#base.head.rev >= head.rev) return this.#base;
    try {
      return await this.#advance(head);
    } catch {
      return this.read();
    }
  }

  /** Puts the head's snapshot under the cached view, so that what the snapshot remembers can be forgotten. */
  rebase(onto: (view: V) => V, seq: number, snapId: Id): void {
    const base = this.#base;
    if (base === undefined || base.view.seq < seq || base.head.snapId !== snapId) return;
    this.#base = { head: base.head, view: onto(base.view) };
  }

  /**
   * Commits a change (Rules 1 to 5), together with what else waits for this log. Rejects with `StoreError`: `gone` when
   * the log is not open, `unavailable` when the outcome is unknown, and whatever the change throws.
   */
  commit<R>(change: Change<V, R>, options: CommitOptions<V> = {}): Promise<Committed<R>> {
    return new Promise((resolve, reject) => {
      this.#queue.push({
        change,
        options,
        nonce: options.nonce ?? randomBytes(NONCE_BYTES),
        begunMs: options.begunMs ?? this.#context.clock.now(),
        objects: new Map(),
        resolve: resolve as (committed: Committed<unknown>) => void,
        reject,
      });
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#queue.length > 0) {
        const waiting = this.#queue;
        this.#queue = [];
        try {
          this.#queue.unshift(...(await this.#commitGroup(waiting)));
        } catch (error) {
          for (const { reject } of waiting) reject(error);
        }
      }
    } finally {
      this.#running = false;
    }
  }

  /** Commits as many of the waiting changes as fit one head; answers the rest. */
  async #commitGroup(waiting: Waiting<V>[]): Promise<Waiting<V>[]> {
    // Each attempt prepares its whole group: those who wait further behind must not be asked again and again.
    let group = waiting.slice(0, GROUP_CHANGES);
    let rest = waiting.slice(GROUP_CHANGES);
    let base = this.#base ?? (await this.read());
    let fresh = false;
    for (let attempt = 0; ; attempt++) {
      if (base.head.state !== 'open') {
        if (!fresh) {
          base = await this.read();
          fresh = true;
          continue;
        }
        // What is on its way to another space is there again soon, under this name or another (Rule 12).
        if (base.head.state === 'moving') throw new StoreError('unavailable', 'the mailbox is being moved: try again');
        throw new StoreError('gone', 'the mailbox was deleted');
      }
      group = await this.#prepare(group, base);
      const plan = this.#evaluate(group, base);
      if (!fresh && plan.unwritten) {
        // An answer without a write is not checked by the compare-and-set: it must rest on a fresh view.
        const before = base.head.rev;
        base = await this.read();
        fresh = true;
        if (base.head.rev !== before) continue;
      }
      rest = [...plan.rest, ...rest];
      plan.settle(base);
      group = plan.group;
      if (plan.records.length === 0) return rest;
      const next = await this.#writer.write(base, plan);
      if (next.ok) {
        this.#keep({ head: next.head, view: plan.view });
        plan.resolve(next.head);
        return rest;
      }
      const lost = await this.#lookUp(base, next.current, plan);
      if (lost.committed) {
        plan.resolve(lost.base.head);
        return rest;
      }
      group = group.filter((one) => {
        if (!lost.elsewhere.has(one)) return true;
        one.reject(new AlreadyCommitted());
        return false;
      });
      if (group.length === 0) return rest;
      base = lost.base;
      fresh = true;
      await backOff(this.#context, attempt);
    }
  }

  /** Fetches what the changes need; one that cannot be prepared fails only its own caller. */
  async #prepare(group: Waiting<V>[], base: Base<V>): Promise<Waiting<V>[]> {
    const ready: Waiting<V>[] = [];
    for (const one of group) {
      try {
        if (await one.options.isCommitted?.(base)) throw new AlreadyCommitted();
        await one.options.prepare?.(base.view);
        ready.push(one);
      } catch (error) {
        one.reject(error);
      }
    }
    return ready;
  }

  /** Runs the changes in order on one view, until the head is full. */
  #evaluate(group: Waiting<V>[], base: Base<V>): CommitPlan<V> {
    const plan = new CommitPlan(base.view);
    let bytes = 0;
    for (const [i, one] of group.entries()) {
      if (bytes > COMMIT_BYTES) {
        plan.rest = group.slice(i);
        break;
      }
      if (!plan.add(one, this.#context.clock.now())) {
        plan.rest = group.slice(i);
        break;
      }
      const last = plan.records.at(-1);
      if (last?.one === one) bytes += headBytesOf(last.record);
    }
    return plan;
  }

  /** After a failed condition: had our write been applied after all (Rule 3)? And the view to go on from. */
  async #lookUp(base: Base<V>, current: Head | undefined, plan: CommitPlan<V>): Promise<LookedUp<V>> {
    const judge = async (head: Head): Promise<LookedUp<V>> => {
      const { view, records } = await catchUp(this.#context, this.#type, this.id, head, base.view);
      if (records === undefined) {
        // Whether it was committed cannot be told; the next change shall not meet the same.
        this.#keep({ head, view });
        throw new StoreError('unavailable', 'the log was compacted away under a change that took too long');
      }
      const byNonce = new Map(records.map((record) => [record.nonce.toString('hex'), record]));
      const elsewhere = new Set<Waiting<V>>();
      let committed = plan.records.length > 0;
      for (const { record, one } of plan.records) {
        const found = byNonce.get(record.nonce.toString('hex'));
        if (found !== undefined) elsewhere.add(one);
        committed &&= found?.seq === record.seq && found.body.equals(record.body);
      }
      return { committed, elsewhere, base: this.#keep({ head, view }) };
    };
    if (current !== undefined) {
      try {
        return await judge(current);
      } catch (error) {
        if (!(error instanceof Moved)) throw error;
      }
    }
    const found = await withHead(this.#context, this.#type.letter, this.id, judge);
    if (found === undefined) throw new StoreError('gone', 'the mailbox does not exist any more');
    return found;
  }

  /**
   * Changes the head without a record (compaction, watchers, state), judged by its effect (Rule 7): `edit` answers the
   * head to write, or undefined when what it wants is so already or cannot be any more. `begunMs`: as for a commit.
   */
  async editHead(
    edit: (head: Head) => Partial<Head> | undefined,
    begunMs: number = this.#context.clock.now(),
  ): Promise<Head> {
    for (let attempt = 0; ; attempt++) {
      const { head } = await this.read();
      const edited = edit(head);
      if (edited === undefined) return head;
      const next: Head = { ...head, ...edited, rev: head.rev + 1 };
      try {
        const result = await this.#writer.put(
          encodeHead(next, Buffer.concat(next.tail.map(encodeRecord))),
          head.rev,
          begunMs,
        );
        if (result.ok) {
          const view = this.#base?.view;
          if (view !== undefined && view.seq === next.seq) this.#keep({ head: next, view });
          return next;
        }
      } catch (error) {
        if (!isUnavailable(error) || attempt >= UNAVAILABLE_TRIES) throw error;
      }
      await backOff(this.#context, attempt);
    }
  }
}
