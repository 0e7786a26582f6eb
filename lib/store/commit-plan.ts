import type { Id } from '../base/ids.ts';
import type { Head } from './head.ts';
import type { LogView } from './log-reader.ts';
import type { LogRecord, RecordDraft } from './record.ts';

/**
 * A change: a pure, synchronous function of the view (Rule 4), run again on every attempt. It answers the record to
 * commit, or none when there is nothing to do, and a reply. What it throws fails only its own caller.
 */
export type Change<V, R> = (view: V) => { readonly record?: RecordDraft | undefined; readonly reply: R };

/** A head and the view that goes with it. */
export interface Base<V> {
  readonly head: Head;
  readonly view: V;
}

export interface CommitOptions<V> {
  /** A delivery's (Rule 13); else random. */
  readonly nonce?: Buffer;
  /** Fetches what the change needs of the view (cold columns), before every attempt on another view. */
  readonly prepare?: (view: V) => Promise<void>;
  /**
   * Whether the change had been committed already at or before this base, by a try that this process knows nothing of
   * (Rule 13). Asked for every base; when it is true the commit rejects with {@link AlreadyCommitted}.
   */
  readonly isCommitted?: (base: Base<V>) => Promise<boolean>;
}

export interface Committed<R> {
  readonly reply: R;
  /** The head's rev and seq after the commit; the seq is the record's own, or the view's when nothing was written. */
  readonly rev: number;
  readonly seq: number;
  readonly watchers: Head['watchers'];
}

/** The change is in the log already: an earlier try had succeeded. */
export class AlreadyCommitted extends Error {
  override readonly name = 'AlreadyCommitted';
}

/** A change that waits for its commit. */
export interface Waiting<V> {
  readonly change: Change<V, unknown>;
  readonly options: CommitOptions<V>;
  readonly nonce: Buffer;
  /** Ids of the objects that hold its large bodies, by hash: the same on every attempt. */
  readonly objects: Map<string, Id>;
  readonly resolve: (committed: Committed<unknown>) => void;
  readonly reject: (error: unknown) => void;
}

/** One attempt of a group: what was evaluated, on which view, and whom to tell. */
export class CommitPlan<V extends LogView<V>> {
  view: V;
  /** Changes for which there is no room. */
  rest: readonly Waiting<V>[] = [];
  /** Changes that made a record. */
  readonly group: Waiting<V>[] = [];
  readonly records: { readonly record: LogRecord; readonly one: Waiting<V>; readonly reply: unknown }[] = [];
  readonly #answers: { readonly one: Waiting<V>; readonly reply: unknown }[] = [];
  readonly #failures: { readonly one: Waiting<V>; readonly error: unknown }[] = [];

  constructor(view: V) {
    this.view = view;
  }

  /** Some answer does not depend on the write. */
  get unwritten(): boolean {
    return this.#answers.length > 0 || this.#failures.length > 0;
  }

  /** Evaluates one change; answers its record, if it made one. */
  add(one: Waiting<V>, nowMs: number): LogRecord | undefined {
    try {
      const { record: draft, reply } = one.change(this.view);
      if (draft === undefined) {
        this.#answers.push({ one, reply });
        return undefined;
      }
      const record: LogRecord = { ...draft, seq: this.view.seq + 1, timeMs: nowMs, nonce: one.nonce };
      this.view = this.view.apply(record);
      this.records.push({ record, one, reply });
      this.group.push(one);
      return record;
    } catch (error) {
      this.#failures.push({ one, error });
      return undefined;
    }
  }

  /** Tells those whose answer needs no write. */
  settle({ head, view }: Base<V>): void {
    for (const { one, reply } of this.#answers) {
      one.resolve({ reply, rev: head.rev, seq: view.seq, watchers: head.watchers });
    }
    for (const { one, error } of this.#failures) one.reject(error);
  }

  /** Tells those whose records the head now has. */
  resolve({ rev, watchers }: Head): void {
    for (const { record, one, reply } of this.records) one.resolve({ reply, rev, seq: record.seq, watchers });
  }
}
