import type { Clock } from '../base/clock.ts';
import type { Id } from '../base/ids.ts';
import { StoreError } from './errors.ts';
import { decodeHead, type Head } from './head.ts';
import {
  headKey,
  type LogLetter,
  largeBodySk,
  logPk,
  pieceBlobKey,
  SEGMENT_PREFIX,
  segmentSeq,
  segmentSk,
} from './keys.ts';
import type { Blobs, Index } from './ports.ts';
import { decodeRecords, isLarge, type LogRecord, type StoredRecord } from './record.ts';

/** A value that a log's records build up; immutable, so that a failed attempt costs nothing and sessions keep old ones. */
export interface LogView<V> {
  /** Of the last record applied. */
  readonly seq: number;
  /** The view after the record; the receiver is unchanged. */
  apply(record: LogRecord): V;
  /** The type's part of the head. */
  headExtra(): Buffer;
}

/** What the engine needs to know of one kind of log. */
export interface LogType<V extends LogView<V>> {
  readonly letter: LogLetter;
  /** The view before the first record. */
  empty(id: Id): V;
  /** The view that a snapshot holds; undefined when a piece is missing (Rule 11 decides what that means). */
  load(id: Id, head: Head): Promise<V | undefined>;
  /** Where the head alone is the view: it is never built from records. */
  fromHead?(id: Id, head: Head): V;
}

/** A reference points at nothing although the head has not moved: the log is damaged (Rule 11). Nothing may be deleted. */
export class CorruptionError extends Error {
  override readonly name = 'CorruptionError';
}

/** What a reader sees is older than the head: read the head again and start over (Rules 2 and 11). */
export class Moved extends Error {
  override readonly name = 'Moved';
}

export interface LogStorage {
  readonly index: Index;
  readonly blobs: Blobs;
}

/** What a log needs of the world. */
export interface LogContext extends LogStorage {
  readonly clock: Clock;
  /** 0 <= random() < 1, for back-off. */
  readonly random: () => number;
}

/** The head as it is now, or, when not `consistent`, as it was a moment ago. */
export async function readHead(
  { index }: LogStorage,
  letter: LogLetter,
  id: Id,
  consistent = true,
): Promise<Head | undefined> {
  const item = await index.get(headKey(letter, id), { consistent });
  return item === undefined ? undefined : decodeHead(item);
}

/**
 * The records after `afterSeq` up to the head's, their bodies fetched; undefined when segments that old are gone, so that
 * only the snapshot tells (Rule 7). Throws {@link Moved} when a body is missing.
 */
export async function recordsAfter(
  storage: LogStorage,
  letter: LogLetter,
  id: Id,
  head: Head,
  afterSeq: number,
): Promise<readonly LogRecord[] | undefined> {
  const wanted = head.tail.filter((record) => record.seq > afterSeq);
  const first = wanted[0]?.seq ?? head.seq + 1;
  if (first > afterSeq + 1) {
    const older = await segments(storage.index, logPk(letter, id), afterSeq, head.flushedSeq);
    const seen = new Map<number, StoredRecord>();
    for (const record of older) if (record.seq > afterSeq && record.seq < first) seen.set(record.seq, record);
    const gap: StoredRecord[] = [];
    for (let seq = afterSeq + 1; seq < first; seq++) {
      const record = seen.get(seq);
      if (record === undefined) return undefined;
      gap.push(record);
    }
    wanted.unshift(...gap);
  }
  return Promise.all(wanted.map(async (record) => ({ ...record, body: await bodyOf(storage, letter, id, record) })));
}

/** As {@link recordsAfter}; undefined too when what was folded long ago is being tidied away under this reader. */
export async function recordsOrSnapshot(
  storage: LogStorage,
  letter: LogLetter,
  id: Id,
  head: Head,
  afterSeq: number,
): Promise<readonly LogRecord[] | undefined> {
  try {
    return await recordsAfter(storage, letter, id, head, afterSeq);
  } catch (error) {
    if (error instanceof Moved && head.snapSeq > afterSeq) return undefined;
    throw error;
  }
}

async function segments(index: Index, pk: Buffer, afterSeq: number, upToSeq: number): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  let after: Buffer | undefined = segmentSk(afterSeq);
  // A segment may end beyond the head that we hold (somebody flushed since): take the first one past `upToSeq` too.
  while (after !== undefined) {
    const page = await index.query({ pk, prefix: SEGMENT_PREFIX, after, limit: 64 });
    for (const { sk, item } of page.rows) {
      if (!(item.t instanceof Uint8Array)) throw new StoreError('format', 'a log segment lacks its records');
      records.push(...decodeRecords(item.t));
      if (segmentSeq(sk) >= upToSeq) return records;
    }
    after = page.next;
  }
  return records;
}

async function bodyOf(storage: LogStorage, letter: LogLetter, id: Id, record: StoredRecord): Promise<Buffer> {
  const { body } = record;
  if (!isLarge(body)) return body;
  if (body.object !== undefined) {
    const bytes = await storage.blobs.get(pieceBlobKey(id, body.object));
    if (bytes === undefined) throw new Moved(`body of record ${record.seq}`);
    return bytes;
  }
  const item = await storage.index.get({ pk: logPk(letter, id), sk: largeBodySk(body.hash16) });
  if (!(item?.b instanceof Uint8Array)) throw new Moved(`body of record ${record.seq}`);
  return Buffer.from(item.b);
}

/**
 * The view at `head`, from `from` when its records can still be read, else from the snapshot; with the records that were
 * applied, or none when the snapshot was needed. Throws {@link Moved} when something referenced is missing.
 */
export async function catchUp<V extends LogView<V>>(
  storage: LogStorage,
  type: LogType<V>,
  id: Id,
  head: Head,
  from: V | undefined,
): Promise<{ readonly view: V; readonly records: readonly LogRecord[] | undefined }> {
  if (from !== undefined && from.seq >= head.seq) return { view: from, records: [] };
  if (from !== undefined) {
    const records = await recordsOrSnapshot(storage, type.letter, id, head, from.seq);
    if (records !== undefined) return { view: type.fromHead?.(id, head) ?? applyAll(from, records), records };
  }
  if (type.fromHead !== undefined) return { view: type.fromHead(id, head), records: undefined };
  const base = head.snapId === undefined ? type.empty(id) : await type.load(id, head);
  if (base === undefined) throw new Moved(`snapshot ${head.snapId}`);
  const rest = base.seq >= head.seq ? [] : await recordsAfter(storage, type.letter, id, head, base.seq);
  if (rest === undefined) throw new Moved(`records after ${base.seq}`);
  return { view: applyAll(base, rest), records: undefined };
}

function applyAll<V extends LogView<V>>(from: V, records: readonly LogRecord[]): V {
  let view = from;
  for (const record of records) view = view.apply(record);
  return view;
}

/**
 * Runs `read` with a strongly read head, again when it meets {@link Moved}; a miss under an unchanged `rev` is corruption
 * (Rule 11). Undefined when there is no head.
 */
export async function withHead<T>(
  storage: LogStorage,
  letter: LogLetter,
  id: Id,
  read: (head: Head) => Promise<T>,
): Promise<T | undefined> {
  let missed: { readonly rev: number; readonly what: string } | undefined;
  for (;;) {
    const head = await readHead(storage, letter, id);
    if (head === undefined) return undefined;
    if (missed !== undefined && missed.rev === head.rev) {
      throw new CorruptionError(`${letter}#${id} rev ${head.rev}: missing ${missed.what}`);
    }
    try {
      return await read(head);
    } catch (error) {
      if (!(error instanceof Moved)) throw error;
      missed = { rev: head.rev, what: error.message };
    }
  }
}
