import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../store/errors.ts';
import { checkAttribute, checkItem, checkKey, checkKeyPart } from '../store/port-limits.ts';
import type { Condition, Index, Item, Key, Page, RangeQuery, Row, WriteResult } from '../store/ports.ts';
import { CommitThread } from './commit-thread.ts';
import { failed, isBusy, openToRead } from './index-file.ts';
import { CommitHere, IndexWriter } from './index-writer.ts';
import { revOf, type Written } from './index-writes.ts';
import { decodeItem, encodeItem } from './item-codec.ts';

const PAGE_ROWS = 1000;
const PAGE_BYTES = 1024 * 1024;
/** A reader waits only while another process repairs the log of one that was killed. */
const WAIT_MS = 10_000;
const READ_LOOK_MS = 2;
const NOTHING = Buffer.alloc(0);
const FIRST: Key = { pk: NOTHING, sk: NOTHING };

export interface SqliteIndexOptions {
  /** The thread that writes ended by itself; a new one is started for the next write. */
  readonly onError?: (error: unknown) => void;
  /** How long a write waits for other processes before it is `unavailable`; 10 seconds when not given. */
  readonly waitMs?: number;
  /** Commit on the caller's thread, not in one of its own: for a process that comes and goes. */
  readonly commitHere?: boolean;
}

/** Opens the index file, or makes it, shared with any number of other processes of this machine. Throws `StoreError`. */
export async function openSqliteIndex(path: string, options: SqliteIndexOptions = {}): Promise<Index> {
  const { waitMs = WAIT_MS, onError = () => undefined, commitHere = false } = options;
  const writes = { path, waitMs };
  const writer = new IndexWriter(commitHere ? new CommitHere(writes) : new CommitThread(writes, onError));
  try {
    await writer.open();
    return await unhindered(() => {
      const reader = openToRead(path);
      try {
        return new SqliteIndex(writer, reader);
      } catch (error) {
        reader.close();
        throw error;
      }
    }, `opening ${path}`);
  } catch (error) {
    await writer.close();
    throw error;
  }
}

/**
 * Writes go to who groups them; reads are made here, each on a snapshot of its own taken at that moment: one that
 * is kept open would keep the log from being emptied. A reader never waits for a writer.
 */
class SqliteIndex implements Index {
  readonly #writer: IndexWriter;
  readonly #reader: DatabaseSync;
  readonly #get: StatementSync;
  readonly #range: StatementSync;
  readonly #scan: StatementSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  #closed = false;

  constructor(writer: IndexWriter, reader: DatabaseSync) {
    this.#writer = writer;
    this.#reader = reader;
    this.#begin = reader.prepare('BEGIN');
    this.#commit = reader.prepare('COMMIT');
    this.#get = reader.prepare('SELECT item FROM items WHERE pk = ? AND sk = ?');
    this.#range = reader.prepare('SELECT sk, item FROM items WHERE pk = ? AND sk >= ? ORDER BY sk');
    this.#scan = reader.prepare('SELECT pk, sk, item FROM items WHERE (pk, sk) > (?, ?) ORDER BY pk, sk');
  }

  async get(key: Key): Promise<Item | undefined> {
    checkKey(key);
    return this.#read(() => this.#item(key));
  }

  async batchGet(keys: readonly Key[]): Promise<readonly (Item | undefined)[]> {
    for (const key of keys) checkKey(key);
    return this.#read(() => {
      this.#begin.run();
      try {
        return keys.map((key) => this.#item(key));
      } finally {
        this.#commit.run();
      }
    });
  }

  async put(key: Key, item: Item, condition?: Condition): Promise<WriteResult> {
    checkItem(key, item);
    const { pk, sk } = key;
    const write = { do: 'put', pk, sk, item: encodeItem(item), rev: revOf(item), ...when(condition) } as const;
    return resultOf(await this.#write().write(write));
  }

  async delete(key: Key, condition?: Condition): Promise<WriteResult> {
    checkKey(key);
    const { pk, sk } = key;
    return resultOf(await this.#write().write({ do: 'delete', pk, sk, ...when(condition) }));
  }

  async add(key: Key, deltas: Readonly<Record<string, number>>): Promise<Readonly<Record<string, number>>> {
    checkKey(key);
    for (const [name, delta] of Object.entries(deltas)) checkAttribute(name, delta);
    const { pk, sk } = key;
    const written = await this.#write().write({ do: 'add', pk, sk, deltas: { ...deltas } });
    if ('refused' in written) throw new RangeError(written.refused);
    return (written.ok ? written.sums : undefined) ?? {};
  }

  async query(range: RangeQuery): Promise<Page> {
    checkKeyPart('pk', range.pk);
    const limit = Math.min(range.limit ?? PAGE_ROWS, PAGE_ROWS);
    const { pk, prefix = NOTHING, upTo } = range;
    return this.#read(() => {
      const rows: Row[] = [];
      let bytes = 0;
      for (const row of this.#range.iterate(pk, startOf(range))) {
        const sk = bufferOf(row.sk);
        if (!startsWith(sk, prefix) || (upTo !== undefined && Buffer.compare(sk, upTo) > 0)) return { rows };
        const last = rows.at(-1);
        if (last !== undefined && (rows.length === limit || bytes > PAGE_BYTES)) return { rows, next: last.sk };
        const item = bytesOf(row.item);
        rows.push({ sk, item: decodeItem(item) });
        bytes += sk.length + item.length;
      }
      return { rows };
    });
  }

  async scan(after: Key = FIRST, limit = PAGE_ROWS) {
    const most = Math.min(limit, PAGE_ROWS);
    return this.#read(() => {
      const rows: (Key & { item: Item })[] = [];
      let bytes = 0;
      for (const row of this.#scan.iterate(after.pk, after.sk)) {
        const last = rows.at(-1);
        if (last !== undefined && (rows.length === most || bytes > PAGE_BYTES))
          return { rows, next: { pk: last.pk, sk: last.sk } };
        const item = bytesOf(row.item);
        rows.push({ pk: bufferOf(row.pk), sk: bufferOf(row.sk), item: decodeItem(item) });
        bytes += item.length;
      }
      return { rows };
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#reader.close();
    // The last to close empties the log, off the event loop.
    await this.#writer.close();
  }

  #item(key: Key): Item | undefined {
    const row = this.#get.get(key.pk, key.sk);
    return row === undefined ? undefined : decodeItem(bytesOf(row.item));
  }

  async #read<T>(read: () => T): Promise<T> {
    return unhindered(() => {
      this.#open();
      return read();
    }, 'reading the index');
  }

  #write(): IndexWriter {
    this.#open();
    return this.#writer;
  }

  #open(): void {
    if (this.#closed) throw new StoreError('unavailable', 'the index is closed');
  }
}

/** Runs a synchronous read, again later while it meets a lock: the event loop goes on meanwhile. */
async function unhindered<T>(read: () => T, doing: string): Promise<T> {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    try {
      return read();
    } catch (error) {
      if (!isBusy(error) || Date.now() > deadline) throw failed(error, doing);
    }
    await sleep(READ_LOOK_MS);
  }
}

function when(condition: Condition | undefined): { readonly condition?: Condition } {
  return condition === undefined ? {} : { condition };
}

function resultOf(written: Written): WriteResult {
  if ('refused' in written) throw new RangeError(written.refused);
  if (written.ok) return { ok: true };
  return { ok: false, current: written.current && decodeItem(written.current) };
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new TypeError('the index holds something other than bytes');
}

function bufferOf(value: unknown): Buffer {
  const { buffer, byteOffset, byteLength } = bytesOf(value);
  return Buffer.from(buffer, byteOffset, byteLength);
}

function startOf({ prefix = NOTHING, after }: RangeQuery): Buffer {
  if (after === undefined || Buffer.compare(after, prefix) < 0) return prefix;
  return Buffer.concat([after, Buffer.from([0])]);
}

function startsWith(key: Buffer, prefix: Buffer): boolean {
  return key.length >= prefix.length && prefix.compare(key, 0, prefix.length) === 0;
}
