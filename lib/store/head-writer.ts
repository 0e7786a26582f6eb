import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Id, newId } from '../base/ids.ts';
import { assertInTime, type CommitPlan, type Waiting } from './commit-plan.ts';
import { StoreError } from './errors.ts';
import { decodeHead, encodeHead, type Head } from './head.ts';
import { headKey, type LogLetter, largeBodySk, logPk, pieceBlobKey, segmentSk } from './keys.ts';
import type { LogContext, LogView } from './log-reader.ts';
import type { Item, WriteResult } from './ports.ts';
import { encodeRecord, type LargeBody, type LogRecord, type StoredRecord } from './record.ts';

/** Limits of a head (docs/store.md, Layout). */
const HEAD_BYTES = 1000;
const HEAD_HARD_BYTES = 4000;
const HEAD_FIXED_BYTES = 180;
/** Of a watcher besides its address: length, expiry. */
const WATCHER_FIXED_BYTES = 6;
/** Of a record besides its body: length, kind, seq, time, nonce. */
const RECORD_FIXED_BYTES = 28;
/** Flushed records left in the tail, so that a reader slightly behind needs no query. */
const TAIL_KEEP_BYTES = 250;
/** A body longer than this leaves the head. */
const LARGE_BODY_BYTES = 600;
/** A large body longer than this is an object: one S3 PUT costs as much as 8 KB of DynamoDB writes. */
const OBJECT_BODY_BYTES = 8192;
/** Bytes of records that one commit may add. */
export const COMMIT_BYTES = HEAD_HARD_BYTES - LARGE_BODY_BYTES - 2 * HEAD_FIXED_BYTES - TAIL_KEEP_BYTES;

const BACK_OFF_MS = { first: 5, last: 320 };
/** How long one write is repeated while the world is unwell, before its callers are told. */
export const UNAVAILABLE_TRIES = 6;

type Written = { readonly ok: true; readonly head: Head } | { readonly ok: false; readonly current: Head | undefined };

/** Bytes that a record takes in its head. */
export function headBytesOf({ body }: { readonly body: Buffer }): number {
  return Math.min(body.length, LARGE_BODY_BYTES) + RECORD_FIXED_BYTES;
}

/** Waits a random time that grows with the attempts (full jitter). */
export async function backOff({ random }: Pick<LogContext, 'random'>, attempt: number): Promise<void> {
  await sleep(random() * Math.min(BACK_OFF_MS.last, BACK_OFF_MS.first * 2 ** attempt));
}

/** Writes the head of one log, and before it what it will refer to. */
export class HeadWriter {
  readonly #context: LogContext;
  readonly #letter: LogLetter;
  readonly #id: Id;

  constructor(context: LogContext, letter: LogLetter, id: Id) {
    this.#context = context;
    this.#letter = letter;
    this.#id = id;
  }

  /** Bodies, then a segment when the head would pass its size, then the head (Rules 2 and 3). */
  async write<V extends LogView<V>>(base: { readonly head: Head }, plan: CommitPlan<V>): Promise<Written> {
    const added = await Promise.all(plan.records.map(({ record, one }) => this.#store(record, one)));
    const addedBytes = plan.records.reduce((sum, { record }) => sum + record.body.length, 0);
    let tail = [...base.head.tail, ...added];
    let packed = tail.map(encodeRecord);
    let { flushedSeq } = base.head;
    const watchers = base.head.watchers.filter(({ expiresAtMs }) => expiresAtMs > this.#context.clock.now());
    const size = watchers.reduce(
      (sum, { address }) => sum + Buffer.byteLength(address) + WATCHER_FIXED_BYTES,
      packed.reduce((sum, bytes) => sum + bytes.length, HEAD_FIXED_BYTES),
    );
    if (size > HEAD_BYTES) {
      await this.#flush(base.head);
      flushedSeq = base.head.seq;
      const drop = droppable(packed, base.head.tail.length, size);
      tail = tail.slice(drop);
      packed = packed.slice(drop);
    }
    const head: Head = {
      ...base.head,
      rev: base.head.rev + 1,
      seq: plan.view.seq,
      flushedSeq,
      behindBytes: base.head.behindBytes + addedBytes,
      extra: plan.view.headExtra(),
      tail,
      watchers,
    };
    const begunMs = Math.min(...plan.records.map(({ one }) => one.begunMs));
    const result = await this.put(encodeHead(head, Buffer.concat(packed)), base.head.rev, begunMs);
    if (result.ok) return { ok: true, head };
    return { ok: false, current: result.current === undefined ? undefined : decodeHead(result.current) };
  }

  /** The same request again after a lost answer, never a rebased one (Rule 3). */
  async put(item: Item, rev: number, begunMs: number): Promise<WriteResult> {
    for (let attempt = 1; ; attempt++) {
      assertInTime(begunMs, this.#context.clock.now());
      try {
        return await this.#context.index.put(headKey(this.#letter, this.#id), item, { rev });
      } catch (error) {
        if (!isUnavailable(error) || attempt === UNAVAILABLE_TRIES) throw error;
        await backOff(this.#context, attempt);
      }
    }
  }

  /** Only records already committed inline are flushed; the key is the seq of the last of them (Rule 2). */
  async #flush(head: Head): Promise<void> {
    const records = head.tail.filter((record) => record.seq > head.flushedSeq);
    if (records.length === 0) return;
    const key = { pk: logPk(this.#letter, this.#id), sk: segmentSk(head.seq) };
    await this.#context.index.put(key, { t: Buffer.concat(records.map(encodeRecord)) }, 'absent');
  }

  /** A body too large for the head goes beside it first, reachable only through its record. */
  async #store(record: LogRecord, one: Pick<Waiting<unknown>, 'objects'>): Promise<StoredRecord> {
    if (record.body.length <= LARGE_BODY_BYTES) return record;
    // The nonce is part of the hash: no two records share a body, so it can be removed with its record.
    const hash16 = createHash('sha256').update(record.nonce).update(record.body).digest().subarray(0, 16);
    const body: LargeBody = { hash16, sizeBytes: record.body.length, object: this.#objectFor(record, hash16, one) };
    if (body.object !== undefined) await this.#context.blobs.put(pieceBlobKey(this.#id, body.object), record.body);
    else {
      const key = { pk: logPk(this.#letter, this.#id), sk: largeBodySk(hash16) };
      await this.#context.index.put(key, { b: record.body }, 'absent');
    }
    return { ...record, body };
  }

  #objectFor(record: LogRecord, hash16: Buffer, one: Pick<Waiting<unknown>, 'objects'>): Id | undefined {
    if (record.body.length <= OBJECT_BODY_BYTES) return undefined;
    const known = one.objects.get(hash16.toString('hex'));
    const object = known ?? newId(this.#context.clock.now());
    one.objects.set(hash16.toString('hex'), object);
    return object;
  }
}

/** How many of the first (flushed) records may leave the tail: all but the newest {@link TAIL_KEEP_BYTES}. */
function droppable(packed: readonly Buffer[], flushed: number, sizeBytes: number): number {
  let kept = packed.slice(0, flushed).reduce((sum, bytes) => sum + bytes.length, 0);
  let size = sizeBytes;
  let drop = 0;
  while (drop < flushed && (kept > TAIL_KEEP_BYTES || size > HEAD_BYTES)) {
    const bytes = packed[drop]?.length ?? 0;
    kept -= bytes;
    size -= bytes;
    drop++;
  }
  return drop;
}

export function isUnavailable(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'unavailable';
}
