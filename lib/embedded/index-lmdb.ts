import { closeSync, openSync, readSync } from 'node:fs';
import { open, type RootDatabase } from 'lmdb';
import { FormatError } from '../base/bytes.ts';
import { StoreError } from '../store/errors.ts';
import { checkAttribute, checkItem, checkKey, checkKeyPart } from '../store/port-limits.ts';
import type { Condition, Index, Item, Key, Page, RangeQuery, Row, WriteResult } from '../store/ports.ts';
import { translated } from './errors.ts';
import { decodeItem, decodeKey, encodeItem, encodeKey } from './item-codec.ts';

const PAGE_ROWS = 1000;
const PAGE_BYTES = 1024 * 1024;
/** Address space, not disk: the file grows as needed. */
const MAP_BYTES = 2 ** 40;
const LMDB_MAGIC = 0xbeefc0de;
const NOTHING = Buffer.alloc(0);

/** Opens the index file, shared with any number of other processes of this machine. */
export function openLmdbIndex(path: string): Index {
  try {
    prepare(path);
    const database = open<Buffer, Buffer>(path, {
      encoding: 'binary',
      keyEncoding: 'binary',
      useVersions: true,
      overlappingSync: false,
      noSubdir: true,
      // With it every event turn has a promise that nobody can catch: a full disk would end the process.
      eventTurnBatching: false,
      mapSize: MAP_BYTES,
      maxReaders: 256,
    });
    return new LmdbIndex(database);
  } catch (error) {
    throw failed(error, `opening ${path}`);
  }
}

/** Creates the files for their owner only, and refuses what is no lmdb file: lmdb would crash on it. */
function prepare(path: string): void {
  closeSync(openSync(`${path}-lock`, 'a', 0o600));
  const file = openSync(path, 'a+', 0o600);
  try {
    const header = Buffer.alloc(32);
    const length = readSync(file, header, 0, header.length, 0);
    if (length > 0 && (length < header.length || header.readUInt32LE(24) !== LMDB_MAGIC))
      throw new FormatError('not an lmdb file');
  } finally {
    closeSync(file);
  }
}

interface Stored {
  readonly item: Item;
  readonly version: number;
}

interface WaitingAdd {
  readonly deltas: Readonly<Record<string, number>>;
  readonly resolve: (values: Readonly<Record<string, number>>) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Every write gives its item a new random version (lmdb's, beside the value). A conditional write reads, decides, and
 * asks lmdb to write if the version is still the one read: lmdb's writer thread compares inside the write transaction, so
 * the answer is exact among processes, no JavaScript runs while the write lock is held, and writes of one event turn share
 * one commit and one fsync off the event loop.
 */
class LmdbIndex implements Index {
  readonly #database: RootDatabase<Buffer, Buffer>;
  readonly #adds = new Map<string, WaitingAdd[]>();
  #closed = false;

  constructor(database: RootDatabase<Buffer, Buffer>) {
    this.#database = database;
  }

  async get(key: Key): Promise<Item | undefined> {
    checkKey(key);
    return this.#read(() => this.#stored(encodeKey(key.pk, key.sk))?.item);
  }

  async batchGet(keys: readonly Key[]): Promise<readonly (Item | undefined)[]> {
    for (const key of keys) checkKey(key);
    return this.#read(() => keys.map((key) => this.#stored(encodeKey(key.pk, key.sk))?.item));
  }

  async put(key: Key, item: Item, condition?: Condition): Promise<WriteResult> {
    checkItem(key, item);
    const at = encodeKey(key.pk, key.sk);
    const value = encodeItem(item);
    if (condition === undefined) {
      await this.#write(() => this.#database.put(at, value, newVersion()));
      return { ok: true };
    }
    return this.#conditional(at, condition, (stored) =>
      // lmdb-js takes null for "if the key is absent"; its types do not say so.
      this.#database.put(at, value, newVersion(), stored === undefined ? (null as unknown as number) : stored.version),
    );
  }

  async delete(key: Key, condition?: Condition): Promise<WriteResult> {
    checkKey(key);
    const at = encodeKey(key.pk, key.sk);
    if (condition === undefined) {
      await this.#write(() => this.#database.remove(at));
      return { ok: true };
    }
    return this.#conditional(at, condition, (stored) =>
      stored === undefined ? Promise.resolve(true) : this.#database.remove(at, stored.version),
    );
  }

  add(key: Key, deltas: Readonly<Record<string, number>>): Promise<Readonly<Record<string, number>>> {
    return new Promise((resolve, reject) => {
      checkKey(key);
      for (const [name, delta] of Object.entries(deltas)) checkAttribute(name, delta);
      const at = encodeKey(key.pk, key.sk);
      const name = at.toString('latin1');
      const waiting = this.#adds.get(name);
      if (waiting !== undefined) waiting.push({ deltas, resolve, reject });
      else {
        this.#adds.set(name, [{ deltas, resolve, reject }]);
        void this.#runAdds(name, at);
      }
    });
  }

  async query(range: RangeQuery): Promise<Page> {
    checkKeyPart('pk', range.pk);
    const limit = Math.min(range.limit ?? PAGE_ROWS, PAGE_ROWS);
    const prefix = range.prefix ?? NOTHING;
    const upTo = range.upTo === undefined ? undefined : encodeKey(range.pk, range.upTo);
    const within = encodeKey(range.pk, prefix);
    return this.#read(() => {
      const rows: Row[] = [];
      let bytes = 0;
      for (const { key, value } of this.#database.getRange({ start: startOf(range), limit: limit + 1 })) {
        if (!startsWith(key, within) || (upTo !== undefined && Buffer.compare(key, upTo) > 0)) return { rows };
        const last = rows.at(-1);
        if (last !== undefined && (rows.length === limit || bytes > PAGE_BYTES)) return { rows, next: last.sk };
        rows.push({ sk: decodeKey(key).sk, item: decodeItem(value) });
        bytes += key.length + value.length;
      }
      return { rows };
    });
  }

  async scan(after?: Key, limit = PAGE_ROWS) {
    const most = Math.min(limit, PAGE_ROWS);
    const start = after === undefined ? Buffer.from([0]) : justAfter(encodeKey(after.pk, after.sk));
    return this.#read(() => {
      const rows: (Key & { item: Item })[] = [];
      let bytes = 0;
      for (const { key, value } of this.#database.getRange({ start, limit: most + 1 })) {
        const last = rows.at(-1);
        if (last !== undefined && (rows.length === most || bytes > PAGE_BYTES))
          return { rows, next: { pk: last.pk, sk: last.sk } };
        rows.push({ ...decodeKey(key), item: decodeItem(value) });
        bytes += key.length + value.length;
      }
      return { rows };
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#database.close();
  }

  /** Reads, decides and writes until the decision and the write fall on one version. */
  async #conditional(
    at: Buffer,
    condition: Condition,
    write: (stored: Stored | undefined) => Promise<boolean>,
  ): Promise<WriteResult> {
    for (;;) {
      const stored = this.#read(() => this.#stored(at));
      const holds = condition === 'absent' ? stored === undefined : stored?.item.r === condition.rev;
      if (!holds) return { ok: false, current: stored?.item };
      if (await this.#write(() => write(stored))) return { ok: true };
    }
  }

  /** Adds what waits for one key, as one write a round. */
  async #runAdds(name: string, at: Buffer): Promise<void> {
    let waiting: readonly WaitingAdd[] = this.#adds.get(name) ?? [];
    while (waiting.length > 0) {
      this.#adds.set(name, []);
      try {
        await this.#addAll(at, waiting);
      } catch (error) {
        for (const each of waiting) each.reject(error);
      }
      waiting = this.#adds.get(name) ?? [];
    }
    this.#adds.delete(name);
  }

  async #addAll(at: Buffer, waiting: readonly WaitingAdd[]): Promise<void> {
    for (;;) {
      const stored = this.#read(() => this.#stored(at));
      let item: Item = stored?.item ?? {};
      const answers: (() => void)[] = [];
      for (const { deltas, resolve, reject } of waiting) {
        const sums = sumsOf(item, deltas);
        if (sums === undefined) answers.push(() => reject(new RangeError('add: not a number, or beyond 2^53')));
        else {
          item = { ...item, ...sums };
          answers.push(() => resolve(sums));
        }
      }
      const value = encodeItem(item);
      const version = stored === undefined ? (null as unknown as number) : stored.version;
      if (!(await this.#write(() => this.#database.put(at, value, newVersion(), version)))) continue;
      for (const answer of answers) answer();
      return;
    }
  }

  #stored(at: Buffer): Stored | undefined {
    const entry = this.#database.getEntry(at);
    if (entry === undefined) return undefined;
    return { item: decodeItem(entry.value), version: entry.version ?? 0 };
  }

  /** Runs a synchronous read on a snapshot taken now; lmdb-js would reuse one from earlier in the event turn. */
  #read<T>(read: () => T): T {
    this.#open();
    try {
      this.#database.resetReadTxn();
      return read();
    } catch (error) {
      throw failed(error, 'reading the index');
    }
  }

  async #write(write: () => Promise<boolean>): Promise<boolean> {
    this.#open();
    try {
      return await write();
    } catch (error) {
      // The cause comes as a promise of its own; left alone it would be an unhandled rejection.
      const cause = hasCommitError(error) ? await Promise.resolve(error.commitError).catch((reason) => reason) : error;
      throw failed(cause, 'writing the index');
    }
  }

  #open(): void {
    if (this.#closed) throw new StoreError('unavailable', 'the index is closed');
  }
}

function newVersion(): number {
  return 1 + Math.floor(Math.random() * Number.MAX_SAFE_INTEGER);
}

function sumsOf(item: Item, deltas: Readonly<Record<string, number>>): Readonly<Record<string, number>> | undefined {
  const sums: Record<string, number> = {};
  for (const [name, delta] of Object.entries(deltas)) {
    const sum = delta + Number(typeof item[name] === 'object' ? Number.NaN : (item[name] ?? 0));
    if (!Number.isSafeInteger(sum)) return undefined;
    sums[name] = sum;
  }
  return sums;
}

function startOf(range: RangeQuery): Buffer {
  const prefix = range.prefix ?? NOTHING;
  if (range.after === undefined || Buffer.compare(range.after, prefix) < 0) return encodeKey(range.pk, prefix);
  return justAfter(encodeKey(range.pk, range.after));
}

function justAfter(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.from([0])]);
}

function startsWith(key: Uint8Array, prefix: Buffer): boolean {
  return key.length >= prefix.length && prefix.compare(key, 0, prefix.length) === 0;
}

function hasCommitError(error: unknown): error is Error & { readonly commitError: unknown } {
  return error instanceof Error && 'commitError' in error;
}

// lmdb's errors carry its (negative) or the system's (positive) number as `code`.
const UNREADABLE = new Set([-30794 /* VERSION_MISMATCH */, -30793 /* INVALID */]);

function failed(error: unknown, doing: string): unknown {
  if (error instanceof FormatError || !(error instanceof Error) || !('code' in error)) return translated(error, doing);
  if (typeof error.code !== 'number') return translated(error, doing);
  const code = UNREADABLE.has(error.code) ? 'format' : 'unavailable';
  return new StoreError(code, `${doing}: ${error.message}`, { cause: error });
}
