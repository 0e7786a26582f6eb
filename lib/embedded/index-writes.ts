import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Condition, Item } from '../store/ports.ts';
import { isBusy, openToWrite } from './index-file.ts';
import { decodeItem, encodeItem } from './item-codec.ts';

/** Between two looks whether they are done. */
const LOOK_MS = 1;
const PAUSE = new Int32Array(new SharedArrayBuffer(4));

/** One write as it goes to the writer's thread; bytes are packed items. */
export type Write = { readonly pk: Uint8Array; readonly sk: Uint8Array } & (
  | { readonly do: 'put'; readonly item: Uint8Array; readonly rev: number | null; readonly condition?: Condition }
  | { readonly do: 'delete'; readonly condition?: Condition }
  | { readonly do: 'add'; readonly deltas: Readonly<Record<string, number>> }
);

/** What became of one write. `current`: the packed item that the condition met. */
export type Written =
  | { readonly ok: true; readonly sums?: Readonly<Record<string, number>> }
  | { readonly ok: false; readonly current?: Uint8Array }
  | { readonly refused: string };

/** The revision that conditions compare, as its column holds it. */
export function revOf(item: Item): number | null {
  return typeof item.r === 'number' ? item.r : null;
}

/** Writes groups into the index's file, each in one transaction: together on the disk, or not at all. */
export class IndexWrites {
  readonly #database: DatabaseSync;
  readonly #get: StatementSync;
  readonly #put: StatementSync;
  readonly #putAbsent: StatementSync;
  readonly #putRev: StatementSync;
  readonly #delete: StatementSync;
  readonly #deleteRev: StatementSync;

  readonly #waitMs: number;

  private constructor(database: DatabaseSync, waitMs: number) {
    const at = 'pk = ? AND sk = ?';
    const insert = 'INSERT INTO items (pk, sk, rev, item) VALUES (?, ?, ?, ?) ON CONFLICT (pk, sk) DO';
    this.#database = database;
    this.#waitMs = waitMs;
    this.#get = database.prepare(`SELECT item FROM items WHERE ${at}`);
    this.#put = database.prepare(`${insert} UPDATE SET rev = excluded.rev, item = excluded.item`);
    this.#putAbsent = database.prepare(`${insert} NOTHING`);
    this.#putRev = database.prepare(`UPDATE items SET rev = ?, item = ? WHERE ${at} AND rev = ?`);
    this.#delete = database.prepare(`DELETE FROM items WHERE ${at}`);
    this.#deleteRev = database.prepare(`DELETE FROM items WHERE ${at} AND rev = ?`);
  }

  /** Opens the file, or makes it. While other processes have it locked, this and every commit blocks the thread up to `waitMs`. */
  static open(path: string, waitMs: number): IndexWrites {
    return patiently(waitMs, () => {
      const database = openToWrite(path);
      try {
        return new IndexWrites(database, waitMs);
      } catch (error) {
        database.close();
        throw error;
      }
    });
  }

  /**
   * Applies the writes one after the other and answers when they are durable. An error means that none of them was applied, unless the disk failed at the end.
   */
  commit(writes: readonly Write[]): readonly Written[] {
    if (writes.length === 0) return [];
    return patiently(this.#waitMs, () => {
      try {
        this.#database.exec('BEGIN IMMEDIATE');
        const done = writes.map((write) => this.#apply(write));
        this.#database.exec('COMMIT');
        return done;
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  close(): void {
    this.#database.close();
  }

  #apply(write: Write): Written {
    if (write.do === 'add') return this.#add(write);
    const changed = write.do === 'put' ? this.#putIf(write) : this.#deleteIf(write);
    if (changed) return { ok: true };
    const row = this.#get.get(write.pk, write.sk);
    return row === undefined ? { ok: false } : { ok: false, current: row.item as Uint8Array };
  }

  #putIf({ pk, sk, item, rev, condition }: Write & { readonly do: 'put' }): boolean {
    if (condition === undefined) this.#put.run(pk, sk, rev, item);
    else if (condition === 'absent') return this.#putAbsent.run(pk, sk, rev, item).changes === 1;
    else return this.#putRev.run(rev, item, pk, sk, condition.rev).changes === 1;
    return true;
  }

  #deleteIf({ pk, sk, condition }: Write & { readonly do: 'delete' }): boolean {
    if (condition === undefined) this.#delete.run(pk, sk);
    else if (condition === 'absent') return this.#get.get(pk, sk) === undefined;
    else return this.#deleteRev.run(pk, sk, condition.rev).changes === 1;
    return true;
  }

  #add({ pk, sk, deltas }: Write & { readonly do: 'add' }): Written {
    const row = this.#get.get(pk, sk);
    const item = row === undefined ? {} : decodeItem(row.item as Uint8Array);
    const sums = sumsOf(item, deltas);
    if (sums === undefined) return { refused: 'add: not a number, or beyond 2^53' };
    const next = { ...item, ...sums };
    this.#put.run(pk, sk, revOf(next), encodeItem(next));
    return { ok: true, sums };
  }
}

/** Repeats what met a lock. SQLite's own way of waiting would look ever more rarely. */
function patiently<T>(waitMs: number, attempt: () => T): T {
  const deadline = Date.now() + waitMs;
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error) || Date.now() > deadline) throw error;
    }
    Atomics.wait(PAUSE, 0, 0, LOOK_MS * (0.5 + Math.random()));
  }
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
