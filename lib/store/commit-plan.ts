import type { Id } from '../base/ids.ts';
import { StoreError } from './errors.ts';
import type { Head } from './head.ts';
import { WRITER_MS } from './keep.ts';
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
  /** When the first byte was written that the record will refer to; else now (Rule 9). */
  readonly begunMs?: number;
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
  readonly begunMs: number;
  /** Ids of the objects that hold its large bodies, by hash: the same on every attempt. */
  readonly objects: Map<string, Id>;
  readonly resolve: (committed: Committed<unknown>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Thrown by a change that needs more of a view than `prepare` fetched, because changes before it in its group made that
 * view: it waits for the next group.
 */
export class Unprepared extends Error {
  override readonly name = 'Unprepared';
}

interface Outcome<V> {
  readonly one: Waiting<V>;
  readonly seq: number;
  readonly record?: LogRecord;
  readonly reply?: unknown;
  readonly error?: unknown;
}

/** One attempt of a group: what was evaluated, on which view, and whom to tell. */
export class CommitPlan<V extends LogView<V>> {
  view: V;
  /** Changes that are not of this attempt. */
  rest: readonly Waiting<V>[] = [];
  readonly records: { readonly record: LogRecord; readonly one: Waiting<V> }[] = [];
  #outcomes: Outcome<V>[] = [];

  constructor(view: V) {
    this.view = view;
  }

  /** Some answer rests on the view that the attempt began with: the write does not check it. */
  get unwritten(): boolean {
    const [first] = this.#outcomes;
    return first !== undefined && first.record === undefined;
  }

  /** Changes that are not answered yet. */
  get group(): Waiting<V>[] {
    return this.#outcomes.map(({ one }) => one);
  }

  /** Evaluates one change; false when it cannot be of this attempt. */
  add(one: Waiting<V>, nowMs: number): boolean {
    const { nonce } = one.options;
    // Two tries of one delivery: the second must see that the first has committed (Rule 13).
    if (nonce !== undefined && this.records.some(({ record }) => record.nonce.equals(nonce))) return false;
    try {
      assertInTime(one.begunMs, nowMs);
      const { record: draft, reply } = one.change(this.view);
      if (draft === undefined) {
        this.#outcomes.push({ one, reply, seq: this.view.seq });
        return true;
      }
      const record: LogRecord = { ...draft, seq: this.view.seq + 1, timeMs: nowMs, nonce: one.nonce };
      this.view = this.view.apply(record);
      this.records.push({ record, one });
      this.#outcomes.push({ one, reply, record, seq: record.seq });
    } catch (error) {
      if (error instanceof Unprepared && this.records.length > 0) return false;
      this.#outcomes.push({ one, error, seq: this.view.seq });
    }
    return true;
  }

  /** Tells those whose answer rests on the base alone. Whoever comes after a record waits for its write. */
  settle({ head }: Base<V>): void {
    const written = this.#outcomes.findIndex(({ record }) => record !== undefined);
    const leading = written < 0 ? this.#outcomes : this.#outcomes.slice(0, written);
    this.#outcomes = written < 0 ? [] : this.#outcomes.slice(written);
    for (const outcome of leading) tell(outcome, head);
  }

  /** Tells the others, now that the head has their records. */
  resolve(head: Head): void {
    for (const outcome of this.#outcomes) tell(outcome, head);
  }
}

/** What was written so long ago and is nobody's yet may have been swept (Rule 9). */
export function assertInTime(begunMs: number, nowMs: number): void {
  if (nowMs - begunMs > WRITER_MS) throw new StoreError('unavailable', 'it took too long: start over');
}

function tell<V>({ one, seq, reply, error }: Outcome<V>, { rev, watchers }: Head): void {
  if (error !== undefined) one.reject(error);
  else one.resolve({ reply, rev, seq, watchers });
}
