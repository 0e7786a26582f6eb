import type { Id } from '../base/ids.ts';
import type { User } from './directory.ts';
import { GRACE_MS } from './keep.ts';
import { systemKey } from './keys.ts';
import type { LogContext } from './log.ts';
import type { MailStore } from './mail-store.ts';
import type { Key } from './ports.ts';

export interface SweepOptions {
  /** Also look for what was never referenced: rarer, reads everything. */
  readonly audit?: boolean;
  /** Called after each user. */
  readonly onProgress?: (user: string, tally: SweepTally) => void;
  /** Told of every place where something referenced is missing or cannot be read: nothing was deleted there (Rule 11). */
  readonly onAlarm?: (where: string, error: unknown) => void;
  /** How long usage must not change before a recount is written; longer than adds are batched (Rule 19). Default 2 s. */
  readonly recountSettleMs?: number;
  /**
   * Blobs compared with the mailboxes of a space at a time. Default 250,000: about 70 bytes each, so 18 MB. A space with
   * more candidates is read several times. Besides these a mark holds one mailbox's view (some 20 bytes a message) and one
   * piece of it.
   */
  readonly rangeBlobs?: number;
  /** Ends the sweep at its next step, by its reason. */
  readonly signal?: AbortSignal;
}

/** What a sweep did. */
export interface SweepTally {
  /** `SWEEP/hold` was set: nothing was deleted from then on. */
  held: boolean;
  spaces: number;
  /** Expunged messages that can no longer be brought back. */
  purged: number;
  /** Messages' blobs and summaries deleted. */
  blobs: number;
  /** Snapshot pieces and record bodies deleted. */
  pieces: number;
  mailboxes: number;
  trees: number;
  /** Items that had outlived their use: claims, marks, grants, private state. */
  items: number;
  alarms: number;
}

/** Whose mail a space holds. */
export type SpaceOwner = Pick<User, 'id' | 'name' | 'tree' | 'space'>;

/** `SWEEP/hold` is set: a restore is under way or somebody wants to look (Rule 10). */
export class SweepHeld extends Error {
  override readonly name = 'SweepHeld';
}

export const SWEEP_HOLD: Key = systemKey('SWEEP/hold');

/** Objects per page of a listing: some homes read a whole folder for every page. */
export const LIST_BLOBS = 10_000;

const RANGE_BLOBS = 250_000;

/** Items or objects asked for at once. */
const AT_ONCE = 32;

/** One run of the sweep in one process. */
export class SweepRun {
  readonly store: MailStore;
  readonly options: SweepOptions;
  readonly tally: SweepTally = {
    held: false,
    spaces: 0,
    purged: 0,
    blobs: 0,
    pieces: 0,
    mailboxes: 0,
    trees: 0,
    items: 0,
    alarms: 0,
  };

  constructor(store: MailStore, options: SweepOptions = {}) {
    this.store = store;
    this.options = options;
  }

  get context(): LogContext {
    return this.store.context;
  }

  /** The store's clock, never the local one (Rule 9). */
  get nowMs(): number {
    return this.store.clock.now();
  }

  /** How long what became unreferenced is kept (Rule 9). */
  get keepMs(): number {
    return Math.max(this.store.expungeDelayMs, GRACE_MS);
  }

  get rangeBlobs(): number {
    return this.options.rangeBlobs ?? RANGE_BLOBS;
  }

  /** Throws {@link SweepHeld} when nothing may be deleted now; asked before every deletion (Rule 10). */
  async mayDelete(): Promise<void> {
    this.proceed();
    if ((await this.context.index.get(SWEEP_HOLD)) !== undefined) throw new SweepHeld('SWEEP/hold is set');
  }

  /** Throws when the sweep was asked to end. */
  proceed(): void {
    this.options.signal?.throwIfAborted();
  }

  alarm(where: string, error: unknown): void {
    this.tally.alarms++;
    this.options.onAlarm?.(where, error);
  }

  /** One space or log failed: tell, and go on with the others; but not when nothing may be deleted at all. */
  caught(where: string, error: unknown): void {
    if (error instanceof SweepHeld || this.options.signal?.aborted === true) throw error;
    this.alarm(where, error);
  }

  /** Deletes the objects, after asking whether it may. */
  async deleteBlobs(keys: readonly string[]): Promise<void> {
    for (let at = 0; at < keys.length; at += 1000) {
      await this.mayDelete();
      await this.context.blobs.deleteMany(keys.slice(at, at + 1000));
    }
  }

  /** Deletes the items, after asking whether it may. */
  async deleteItems(keys: readonly Key[]): Promise<void> {
    for (let at = 0; at < keys.length; at += AT_ONCE) {
      await this.mayDelete();
      await Promise.all(keys.slice(at, at + AT_ONCE).map((key) => this.context.index.delete(key)));
    }
  }

  /** Deletes all items of a partition but those that `spare` answers true for. */
  async deletePartition(pk: Buffer, spare: (sk: Buffer) => boolean = () => false): Promise<number> {
    let deleted = 0;
    for await (const sks of sortKeys(this.context, pk)) {
      const keys = sks.filter((sk) => !spare(sk)).map((sk) => ({ pk, sk }));
      await this.deleteItems(keys);
      deleted += keys.length;
    }
    return deleted;
  }

  /** Deletes all objects whose keys begin so. */
  async deletePrefix(prefix: string): Promise<number> {
    let deleted = 0;
    let after: string | undefined;
    do {
      const page = await this.context.blobs.list(prefix, after, LIST_BLOBS);
      await this.deleteBlobs(page.blobs.map(({ key }) => key));
      deleted += page.blobs.length;
      after = page.next;
    } while (after !== undefined);
    return deleted;
  }
}

/** Sort keys of a partition, page by page. */
export async function* sortKeys(
  { index }: LogContext,
  pk: Buffer,
  prefix?: Buffer,
): AsyncGenerator<readonly Buffer[], void, undefined> {
  let after: Buffer | undefined;
  do {
    const page = await index.query({ pk, ...(prefix && { prefix }), ...(after && { after }) });
    yield page.rows.map(({ sk }) => sk);
    after = page.next;
  } while (after !== undefined);
}

/** The id at the end of an object's key; undefined for a key that is not ours. */
export function idOfBlobKey(key: string): Id | undefined {
  const name = key.slice(key.lastIndexOf('/') + 1);
  return /^[0-9a-f]{32}$/.test(name) ? (name as Id) : undefined;
}

/** Ids of the objects whose keys begin so, ascending. */
export async function* blobIds({ blobs }: LogContext, prefix: string): AsyncGenerator<Id, void, undefined> {
  let after: string | undefined;
  do {
    const page = await blobs.list(prefix, after, LIST_BLOBS);
    for (const { key } of page.blobs) {
      const id = idOfBlobKey(key);
      if (id !== undefined) yield id;
    }
    after = page.next;
  } while (after !== undefined);
}
