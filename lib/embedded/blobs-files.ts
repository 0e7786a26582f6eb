import { type FileHandle, open, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Clock, systemClock } from '../base/clock.ts';
import { StoreError } from '../store/errors.ts';
import { checkBlobKey, checkBlobMetadata } from '../store/port-limits.ts';
import type { BlobInfo, BlobMetadata, Blobs, ByteRange } from '../store/ports.ts';
import { openWhole, Pace, type WholeFile } from './blob-file.ts';
import { encodeFooter } from './blob-footer.ts';
import { replayJournals } from './blob-journal-replay.ts';
import { FILE_SUFFIX, keysUnder } from './blob-walk.ts';
import { DurableFolders } from './durable-folders.ts';
import { isErrno, translated } from './errors.ts';
import { errorOf } from './own-thread.ts';
import { SmallObjects } from './small-objects.ts';
import { syncFileSystem } from './sync-file-system.ts';
import { writeAll } from './write-all.ts';

const WRITE_BYTES = 256 * 1024;
const WRITE_PIECES = 512;
const PIECE_BYTES = 256 * 1024;
const PAGE_BLOBS = 1000;
const AT_ONCE = 16;
/** A process that comes and goes writes so few that a journal would only cost it. */
const WITHOUT_JOURNAL = 16;
const TORN_MS = 24 * 60 * 60 * 1000; /* Rule 9: never under 24 h */

export interface FileBlobsOptions {
  readonly clock?: Clock;
  /** Where journals are, an existing folder of the same file system; without it every object is waited for (ADR 10). */
  readonly journals?: string;
}

/** The Blobs port on a folder, which must exist. Any number of processes may share it. */
export class FileBlobs implements Blobs {
  readonly #root: string;
  readonly #folders: DurableFolders;
  readonly #clock: Clock;
  readonly #readPace = new Pace();
  readonly #journals: string | undefined;
  #small: SmallObjects | undefined;
  #smallPuts = 0;

  constructor(root: string, { clock = systemClock, journals }: FileBlobsOptions = {}) {
    this.#root = root;
    this.#folders = new DurableFolders(root);
    this.#clock = clock;
    this.#journals = journals;
  }

  /** Brings back what was acknowledged by processes that are gone. Before anything is read. */
  async recover(): Promise<void> {
    if (this.#journals === undefined) return;
    const { folders, objects } = { folders: this.#folders, objects: this.#root };
    await replayJournals(this.#journals, { objects, folders });
  }

  /**
   * Writes the file under its final name: `wx` lets one writer win, the footer makes it an object. It is durable by the
   * journal when it is small, else by fdatasync of the file and fsync of its folder. No rename, so no second name to clean up.
   */
  async put(key: string, body: Uint8Array | AsyncIterable<Uint8Array>, metadata: BlobMetadata = {}) {
    checkBlobKey(key);
    checkBlobMetadata(metadata);
    const { small, rest } = await beginningOf(body);
    const writer = small && this.#smallObjects();
    if (small !== undefined && writer !== undefined) return this.#putSmall(writer, key, small, metadata);
    // Of a body that was begun and is not wanted, what it has open is closed.
    return this.#putFile(key, rest, metadata).finally(() => rest.return());
  }

  /** What is in memory already goes to the thread that makes small objects durable together. */
  async #putSmall(writer: SmallObjects, key: string, body: readonly Uint8Array[], metadata: BlobMetadata) {
    const path = this.#path(key);
    const folder = dirname(path);
    const sizeBytes = body.reduce((sum, piece) => sum + piece.length, 0);
    const pieces = [...body, encodeFooter(key, { bodyBytes: sizeBytes, metadata })];
    return guarded(`writing blob ${key}`, async () => {
      for (;;) {
        await this.#folders.make(folder);
        const made = await writer.make({ key, path, pieces });
        if (made === 'made') return { created: true, sizeBytes };
        if (made === 'taken') return this.#takenBefore(key);
        if (made !== 'no folder') throw errorOf(made);
        await this.#folderIsGone(folder);
      }
    });
  }

  async #putFile(key: string, body: AsyncIterable<Uint8Array>, metadata: BlobMetadata) {
    const path = this.#path(key);
    const file = await guarded(`writing blob ${key}`, () => this.#create(path));
    if (file === undefined) return this.#takenBefore(key);
    try {
      const sizeBytes = await this.#write(file, key, body, metadata).finally(() => file.close());
      await guarded(`writing blob ${key}`, () => this.#folders.sync(dirname(path)));
      return { created: true, sizeBytes };
    } catch (error) {
      await unlink(path).catch(() => undefined);
      throw error;
    }
  }

  async #takenBefore(key: string) {
    // The winner may not have finished; when it has, the size is known.
    const there = await this.info(key);
    return { created: false, sizeBytes: there?.sizeBytes ?? 0 };
  }

  async get(key: string, range?: ByteRange): Promise<Buffer | undefined> {
    checkBlobKey(key);
    checkRange(range);
    try {
      const opened = openWhole(this.#path(key), key, this.#readPace);
      // Of a small object nothing is waited for, and it is read often.
      const file = opened instanceof Promise ? await opened : opened;
      if (file === undefined) return undefined;
      if (range === undefined && file.body !== undefined) return file.body;
      const { start, end } = cut(range, file.footer.bodyBytes);
      return file.body?.subarray(start, end) ?? (await file.read(start, end).finally(file.close));
    } catch (error) {
      throw translated(error, `reading blob ${key}`);
    }
  }

  async readInto(key: string, range: ByteRange, into: Buffer): Promise<number | undefined> {
    checkRange(range);
    const file = await this.#open(key);
    if (file === undefined) return undefined;
    const { start, end } = cut(range, file.footer.bodyBytes);
    const to = into.subarray(0, end - start);
    return (
      file.body?.copy(to, 0, start, end) ??
      guarded(`reading blob ${key}`, () => file.fill(to, start).finally(file.close))
    );
  }

  async stream(key: string, range?: ByteRange): Promise<AsyncIterable<Buffer> | undefined> {
    checkRange(range);
    const info = await this.info(key);
    if (info === undefined) return undefined;
    return this.#pieces(key, cut(range, info.sizeBytes));
  }

  async info(key: string) {
    const file = await this.#open(key);
    if (file === undefined) return undefined;
    await file.close();
    return { key, sizeBytes: file.footer.bodyBytes, metadata: file.footer.metadata };
  }

  async copy(from: string, to: string): Promise<boolean> {
    checkBlobKey(to);
    const info = await this.info(from);
    if (info === undefined) return false;
    await this.put(to, this.#pieces(from, { start: 0, end: info.sizeBytes }), info.metadata);
    return true;
  }

  async deleteMany(keys: readonly string[]): Promise<void> {
    for (const key of keys) checkBlobKey(key);
    const folders = new Set<string>();
    await inGroups(keys, async (key) => {
      const path = this.#path(key);
      await guarded(`deleting blob ${key}`, () => unlink(path).catch(unless('ENOENT')));
      folders.add(dirname(path));
    });
    for (const folder of folders) await this.#removeEmpty(folder);
  }

  async list(prefix: string, after = '', limit = PAGE_BLOBS) {
    return guarded(`listing blobs ${prefix}`, async () => {
      const blobs: BlobInfo[] = [];
      let batch: string[] = [];
      const take = async (): Promise<void> => {
        const found = await inGroups(batch, (key) => this.info(key));
        for (const info of found) if (info !== undefined) blobs.push({ key: info.key, sizeBytes: info.sizeBytes });
        batch = [];
      };
      for await (const key of keysUnder(this.#root, prefix, after)) {
        batch.push(key);
        if (batch.length >= Math.min(AT_ONCE, limit - blobs.length)) await take();
        if (blobs.length >= limit) return { blobs, next: key };
      }
      await take();
      return { blobs };
    });
  }

  /** Removes files of writers that died: torn, and not written to for 24 h. Answers how many. */
  async removeTorn(prefix = ''): Promise<number> {
    let removed = 0;
    for await (const key of keysUnder(this.#root, prefix, '')) {
      if ((await this.info(key)) !== undefined) continue;
      const there = await stat(this.#path(key)).catch(unless('ENOENT'));
      if (there === undefined || this.#clock.now() - there.mtimeMs < TORN_MS) continue;
      await this.deleteMany([key]);
      removed++;
    }
    return removed;
  }

  async close(): Promise<void> {
    await this.#small?.close();
  }

  #path(key: string): string {
    return `${this.#root}/${key}${FILE_SUFFIX}`;
  }

  async #open(key: string): Promise<WholeFile | undefined> {
    checkBlobKey(key);
    return guarded(`reading blob ${key}`, async () => openWhole(this.#path(key), key, this.#readPace));
  }

  /** The new file, or undefined when the name is taken. */
  async #create(path: string): Promise<FileHandle | undefined> {
    const folder = dirname(path);
    for (;;) {
      await this.#folders.make(folder);
      try {
        return await open(path, 'wx', 0o600);
      } catch (error) {
        if (isErrno(error, 'EEXIST')) return undefined;
        if (!isErrno(error, 'ENOENT')) throw error;
        await this.#folderIsGone(folder);
      }
    }
  }

  /** Another process removed the folder when it was empty: it is to be made again. Throws when there is no root to make it in. */
  async #folderIsGone(folder: string): Promise<void> {
    await stat(this.#root);
    this.#folders.forget(folder);
  }

  /** Answers the size of the body, when all of the file is durable but for its name. */
  async #write(
    file: FileHandle,
    key: string,
    body: AsyncIterable<Uint8Array>,
    metadata: BlobMetadata,
  ): Promise<number> {
    const doing = `writing blob ${key}`;
    let bodyBytes = 0;
    let waiting: Uint8Array[] = [];
    let waitingBytes = 0;
    const flush = async (): Promise<void> => {
      await guarded(doing, () => writeAll(file, waiting, bodyBytes - waitingBytes));
      waiting = [];
      waitingBytes = 0;
    };
    for await (const piece of body) {
      waiting.push(piece);
      waitingBytes += piece.length;
      bodyBytes += piece.length;
      if (waitingBytes >= WRITE_BYTES || waiting.length >= WRITE_PIECES) await flush();
    }
    waiting.push(encodeFooter(key, { bodyBytes, metadata }));
    await guarded(doing, async () => {
      await writeAll(file, waiting, bodyBytes - waitingBytes);
      await file.datasync();
    });
    return bodyBytes;
  }

  /** Who writes small objects, once that is worth it and known to work here. */
  #smallObjects(): SmallObjects | undefined {
    if (this.#journals !== undefined && ++this.#smallPuts === WITHOUT_JOURNAL) this.#openSmallObjects(this.#journals);
    return this.#small;
  }

  #openSmallObjects(journals: string): void {
    const root = this.#root;
    syncFileSystem(root).then(
      () => {
        this.#small = new SmallObjects({ root, journals });
      },
      // Where files cannot be settled together, each is waited for as before.
      () => undefined,
    );
  }

  /** Opens the file at the first pull, so that a reader who never pulls holds nothing. */
  async *#pieces(key: string, range: ByteRange): AsyncGenerator<Buffer, void, undefined> {
    const file = await this.#open(key);
    if (file === undefined) throw new StoreError('unavailable', `blob ${key} was removed while it was read`);
    try {
      for (let at = range.start; at < range.end; at += PIECE_BYTES)
        yield await guarded(`reading blob ${key}`, () => file.read(at, Math.min(at + PIECE_BYTES, range.end)));
    } finally {
      await file.close();
    }
  }

  /** Removes the folder and its parents as long as they are empty; a put that is about to use them makes them again. */
  async #removeEmpty(folder: string): Promise<void> {
    for (let at = folder; at !== this.#root; at = dirname(at)) {
      try {
        await rmdir(at);
      } catch (error) {
        if (isErrno(error, 'ENOENT')) continue;
        return;
      }
      this.#folders.forget(at);
    }
  }
}

/** A body from its beginning; `small`: all its pieces, when they are few. */
interface Begun {
  readonly small?: readonly Uint8Array[];
  readonly rest: Rest;
}

interface Rest extends AsyncIterable<Uint8Array> {
  next(): Promise<IteratorResult<Uint8Array, undefined>>;
  return(): Promise<IteratorResult<Uint8Array, undefined>>;
  [Symbol.asyncIterator](): Rest;
}

async function beginningOf(body: Uint8Array | AsyncIterable<Uint8Array>): Promise<Begun> {
  if (body instanceof Uint8Array) {
    const rest = given([body]);
    return body.length <= WRITE_BYTES ? { small: [body], rest } : { rest };
  }
  const pulls = body[Symbol.asyncIterator]();
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  while (bytes <= WRITE_BYTES && pieces.length < WRITE_PIECES) {
    const { done, value } = await pulls.next();
    if (done === true) return { small: pieces, rest: given(pieces) };
    pieces.push(value);
    bytes += value.length;
  }
  return { rest: given(pieces, pulls) };
}

/** These pieces, and what is pulled after them. Returned from, it ends the body too, also where nothing was taken of it. */
function given(pieces: readonly Uint8Array[], pulls?: AsyncIterator<Uint8Array>): Rest {
  const before = pieces.values();
  return {
    next: async () => {
      const piece = before.next();
      if (piece.done !== true) return piece;
      return pulls === undefined ? END : pulls.next();
    },
    return: async () => {
      await pulls?.return?.();
      return END;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

const END = { done: true, value: undefined } as const;

/** Before anything is opened that would have to be closed. Throws `RangeError`. */
function checkRange(range: ByteRange | undefined): void {
  if (range === undefined) return;
  const { start, end } = range;
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start)
    throw new RangeError(`byte range ${start} to ${end}`);
}

/** The part of a range that is there. */
function cut(range: ByteRange | undefined, sizeBytes: number): ByteRange {
  if (range === undefined) return { start: 0, end: sizeBytes };
  return { start: Math.min(range.start, sizeBytes), end: Math.min(range.end, sizeBytes) };
}

async function guarded<T>(doing: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw translated(error, doing);
  }
}

function unless(code: string): (error: unknown) => undefined {
  return (error) => {
    if (!isErrno(error, code)) throw error;
  };
}

/** Runs `each` over all, a few at a time; answers in order. */
async function inGroups<A, B>(all: readonly A[], each: (one: A) => Promise<B>): Promise<B[]> {
  const results: B[] = [];
  for (let at = 0; at < all.length; at += AT_ONCE)
    results.push(...(await Promise.all(all.slice(at, at + AT_ONCE).map(each))));
  return results;
}
