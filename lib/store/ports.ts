/**
 * The store's doors to the world. Each port has one contract suite in `test/contract/` that every adapter
 * passes. A failure of the world (network, disk, throttling), after the adapter's own retries, is thrown as
 * `StoreError('unavailable')`; anything else thrown is a bug.
 */

/** Key of an index item: partition and sort key, compared as unsigned bytes. 1 to 500 bytes each. */
export interface Key {
  readonly pk: Buffer;
  readonly sk: Buffer;
}

/**
 * An item: attributes by short name (1 to 3 ASCII letters). A number is a safe integer. At most 380 KB in all.
 * Two names have a meaning to the port: `r` is the revision that conditions compare; `x`, seconds since 1970, is a time
 * after which the store *may* drop the item (nothing may depend on it: Rule 22).
 */
export type Item = Readonly<Record<string, number | Uint8Array>>;

/** `'absent'`: no item under the key. `{ rev }`: an item is there and its `r` equals `rev`. */
export type Condition = 'absent' | { readonly rev: number };

/**
 * Answer of a conditional write. When the condition failed, `current` is the item as it was at the failure *or later*
 * (Rule 4), `undefined` when there is none.
 */
export type WriteResult = { readonly ok: true } | { readonly ok: false; readonly current: Item | undefined };

/** Limits of one range read within a partition. Bounds compare as bytes; at most `limit` items and about 1 MB a page. */
export interface RangeQuery {
  readonly pk: Buffer;
  /** Only sort keys with this beginning. */
  readonly prefix?: Buffer;
  /** Only sort keys after this one (exclusive); within `prefix` when both are given. */
  readonly after?: Buffer;
  /** Only sort keys up to this one (inclusive). */
  readonly upTo?: Buffer;
  readonly limit?: number;
  /** Default true. */
  readonly consistent?: boolean;
}

export interface Row {
  readonly sk: Buffer;
  readonly item: Item;
}

export interface Page {
  readonly rows: readonly Row[];
  /** Pass as `after` to read on; absent at the end. A page with `next` may be short, and what follows may be nothing. */
  readonly next?: Buffer;
}

/**
 * Everything that changes. Single-item atomicity only; no transactions (Rule 22). Writes are durable when the promise
 * resolves. A write whose answer was lost may have been applied: callers repeat the identical request (Rule 3); the
 * adapter itself repeats only identical requests.
 */
export interface Index {
  /** A strong read by default: sees every write that was acknowledged before it began. */
  get(key: Key, options?: { readonly consistent?: boolean }): Promise<Item | undefined>;
  /** As many strong reads in one request (split by the adapter beyond 100 keys); results in the keys' order. */
  batchGet(keys: readonly Key[], options?: { readonly consistent?: boolean }): Promise<readonly (Item | undefined)[]>;
  /** Replaces the whole item, if the condition holds. */
  put(key: Key, item: Item, condition?: Condition): Promise<WriteResult>;
  /** Removes the item, if the condition holds; removing what is not there succeeds when there is no condition. */
  delete(key: Key, condition?: Condition): Promise<WriteResult>;
  /**
   * Adds to number attributes atomically (absent counts as 0, the item is made when absent); answers the new values. The one
   * request that the adapter never repeats after a lost answer: `unavailable` means that it may have been applied once.
   */
  add(key: Key, deltas: Readonly<Record<string, number>>): Promise<Readonly<Record<string, number>>>;
  /**
   * Items of one partition in ascending order of sort key. Each row is as fresh as a `get` of it would have been; a page is
   * no snapshot (DynamoDB promises none), nor is a series of pages.
   */
  query(range: RangeQuery): Promise<Page>;
  /** Every item, in no order, for audits only (doctor, sweep's orphans). `after` continues from a page's `next`. */
  scan(
    after?: Key,
    limit?: number,
  ): Promise<{ readonly rows: readonly (Key & { readonly item: Item })[]; readonly next?: Key }>;
  close(): Promise<void>;
}

/** Object metadata known at the first byte; at most 1.8 KB together (Rule 21). */
export type BlobMetadata = Readonly<Record<string, string>>;

export interface BlobInfo {
  readonly key: string;
  readonly sizeBytes: number;
}

/** Half-open range of bytes: `start` inclusive, `end` exclusive; beyond the object's end is cut. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Immutable objects under `/`-separated keys of `[a-z0-9/-]`, at most 200 characters. Objects are visible only whole and
 * durable when `put` resolves. A key is only ever written with one content.
 */
export interface Blobs {
  /**
   * Puts the object if the key is absent. `created: false`: another writer has taken the key (its object may still be on
   * its way; `sizeBytes` is then that object's, or 0). A body that throws leaves nothing visible and the error passes through. Memory is bounded whatever the size.
   */
  put(
    key: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    metadata?: BlobMetadata,
  ): Promise<{ readonly created: boolean; readonly sizeBytes: number }>;
  /** The bytes, or undefined when there is no such object. */
  get(key: string, range?: ByteRange): Promise<Buffer | undefined>;
  /**
   * Only of stores that read into any memory: as `get`, into memory of the caller's, which is as long as the range, and from
   * its beginning. Answers how many bytes.
   */
  readInto?(key: string, range: ByteRange, into: Buffer): Promise<number | undefined>;
  /** The bytes in pieces of at most 1 MB, pulled by the reader; undefined when there is no such object. */
  stream(key: string, range?: ByteRange): Promise<AsyncIterable<Buffer> | undefined>;
  info(key: string): Promise<(BlobInfo & { readonly metadata: BlobMetadata }) | undefined>;
  /** Copies inside the store, with the metadata, if `to` is absent; true also when it is taken. False when `from` is absent. */
  copy(from: string, to: string): Promise<boolean>;
  /** Removes the objects; absent ones are no error. */
  deleteMany(keys: readonly string[]): Promise<void>;
  /** Keys with the prefix in ascending order, in pages; `after` continues (exclusive). */
  list(
    prefix: string,
    after?: string,
    limit?: number,
  ): Promise<{ readonly blobs: readonly BlobInfo[]; readonly next?: string }>;
  /**
   * Only of stores that keep what is deleted for a while: makes readable again what was there under the prefix at the time
   * (ms since 1970) and has been deleted since; answers how many.
   */
  bringBack?(prefix: string, pointMs: number): Promise<number>;
  close(): Promise<void>;
}

/** "Something under this id moved." May be lost or late; the head is the truth (Rule 20). */
export interface Hint {
  /** Mailbox or tree id. */
  readonly id: string;
  /** The head's rev after the move, so that a reader who has it already need not look. */
  readonly rev: number;
}

export interface Hints {
  /** The address under which other processes reach this one; at most 60 bytes. */
  readonly address: string;
  /** Sends the hint to the addresses, best effort, without waiting. The own address is ignored. */
  send(hint: Hint, addresses: readonly string[]): void;
  /** Calls `listener` for each hint from another process; answers a function that ends it. */
  listen(listener: (hint: Hint) => void): () => void;
  close(): Promise<void>;
}

/** Background work with retry. A job may run more than once; its handler must not mind (Rule 14). */
export interface Job {
  /** Jobs of one kind and id are one while it waits (the later body, the earlier time); one asked for while it runs runs again. */
  readonly id: string;
  readonly kind: string;
  readonly body: Uint8Array;
}

export type JobHandler = (job: Job) => Promise<void>;

export interface Jobs {
  /** Durable when it resolves. `delayMs`: not before. */
  enqueue(job: Job, delayMs?: number): Promise<void>;
  /**
   * Runs jobs of the kinds, `concurrency` at a time, until `stop()`, which waits for those under way. A handler that
   * throws is run again later with back-off; after 10 tries the job is kept aside as dead. One that throws `JobPostponed`
   * says itself when, as often as it likes, or that the job is dead.
   */
  run(handlers: Readonly<Record<string, JobHandler>>, concurrency?: number): { stop(): Promise<void> };
  /**
   * Runs one job if it is due, as `run` would, for whoever was told that there is one; answers after how many ms it wants to be
   * looked at again, undefined when it is done, dead or unknown.
   */
  attempt(job: Pick<Job, 'kind' | 'id'>, handler: JobHandler): Promise<number | undefined>;
  /** Jobs kept aside, newest first, for people. */
  dead(): Promise<readonly (Job & { readonly error: string })[]>;
  close(): Promise<void>;
}

/** Outgoing mail: redirect, vacation, reject, notify. */
export interface OutgoingMail {
  /** The same for every try to send one message (Rule 14): a relay that knows it may send it once. */
  readonly id: string;
  /** Envelope sender; '' is the null reverse-path. */
  readonly sender: string;
  readonly recipients: readonly string[];
  /** Lines end with CRLF. Pulled once. */
  readonly message: AsyncIterable<Uint8Array>;
  /** DSN parameters for the recipients, as far as the relay takes them. */
  readonly dsn?: { readonly notify?: string; readonly ret?: string };
}

export interface Outbox {
  /**
   * Resolves when the relay has taken the message for all recipients. `StoreError('cannot')`: it never will, and the text says
   * why; `unavailable`: try again later.
   */
  submit(mail: OutgoingMail): Promise<void>;
  close(): Promise<void>;
}
