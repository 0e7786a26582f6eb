import type { Id } from '../base/ids.ts';

/** Messages of a mailbox, and what was made of them. */
interface Made<T> {
  /** Ascending. */
  readonly uids: Uint32Array;
  readonly value: T;
  readonly bytes: number;
}

/** What is known of one arrangement before it has messages, in bytes, about. */
const ENTRY_BYTES = 512;
const UID_BYTES = 4;

/**
 * How messages were arranged lately, for clients that ask again. What they are arranged by never changes, so that the same
 * messages are arranged as before; when some come or go, all are arranged anew.
 */
export class Arrangements<T> {
  readonly #maxBytes: number;
  readonly #bytesOf: (value: T) => number;
  readonly #made = new Map<string, Made<T>>();
  #bytes = 0;

  /** `maxBytes`: about what it may hold, values counted by `bytesOf`; what was not asked for longest goes first. */
  constructor(maxBytes: number, bytesOf: (value: T) => number) {
    this.#maxBytes = maxBytes;
    this.#bytesOf = bytesOf;
  }

  /** What it holds, in bytes, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** These messages of a mailbox, ascending, `by` something that never changes; undefined when others were arranged last. */
  get(mailbox: Id, by: string, uids: readonly number[]): T | undefined {
    const key = keyOf(mailbox, by);
    const made = this.#made.get(key);
    if (made === undefined || !areSame(made.uids, uids)) return undefined;
    this.#made.delete(key);
    this.#made.set(key, made);
    return made.value;
  }

  put(mailbox: Id, by: string, uids: readonly number[], value: T): void {
    const key = keyOf(mailbox, by);
    this.#remove(key);
    const bytes = ENTRY_BYTES + 2 * key.length + UID_BYTES * uids.length + this.#bytesOf(value);
    if (bytes > this.#maxBytes) return;
    this.#made.set(key, { uids: Uint32Array.from(uids), value, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#made.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    const made = this.#made.get(key);
    if (made === undefined) return;
    this.#made.delete(key);
    this.#bytes -= made.bytes;
  }
}

function keyOf(mailbox: Id, by: string): string {
  return `${mailbox} ${by}`;
}

function areSame(known: Uint32Array, uids: readonly number[]): boolean {
  if (known.length !== uids.length) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== uids[i]) return false;
  return true;
}
