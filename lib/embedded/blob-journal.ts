import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { EPOCH_BYTES, encodeHeader, encodeRecord } from './blob-journal-format.ts';
import { thisProcess } from './process-name.ts';
import { syncFolder } from './sync-folder.ts';
import { writeAllSync } from './write-all.ts';

/** A half that is this full is settled, and the other one filled. */
const HALF_BYTES = 16 * 1024 * 1024;
/** Nothing came for this long: what there is, is settled, so that little is to be replayed. */
const QUIET_MS = 5_000;

export const JOURNAL_SUFFIX = '.journal';

export interface BlobJournalOptions {
  /** When a half counts as full; 16 MB when not given. */
  readonly halfBytes?: number;
}

interface Entry {
  readonly key: string;
  readonly pieces: readonly Uint8Array[];
}

interface Group {
  readonly entries: Entry[];
  done: Promise<void>;
}

/**
 * Makes small objects durable with one write and one fdatasync for all that wait, however many: their files are written
 * besides, and nobody waits for the disk to have them (ADR 10). A process fills two files of its own in turns; before one
 * begins again, what is in it is settled: the file system has written out the objects' own files. What was not settled
 * when the power went is replayed by the next who opens the folder (`blob-journal-replay.ts`).
 */
export class BlobJournal {
  readonly #settle: () => Promise<void>;
  readonly #halves: readonly [Half, Half];
  readonly #halfBytes: number;
  #filling = 0;
  #waiting: Group | undefined;
  #last: Promise<void> = Promise.resolve();
  #quiet: NodeJS.Timeout | undefined;

  /** `folder` exists. `settle` makes every object's file durable that was written before the call. */
  constructor(folder: string, settle: () => Promise<void>, { halfBytes = HALF_BYTES }: BlobJournalOptions = {}) {
    this.#halfBytes = halfBytes;
    this.#settle = settle;
    this.#halves = [new Half(folder), new Half(folder)];
  }

  /** Resolves when the object's file, of these pieces, can be made again after a power cut. */
  append(key: string, pieces: readonly Uint8Array[]): Promise<void> {
    this.#waiting ??= this.#newGroup();
    this.#waiting.entries.push({ key, pieces });
    return this.#waiting.done;
  }

  /** Settles all there is and removes the journals. Nothing is appended any more. */
  async close(): Promise<void> {
    clearTimeout(this.#quiet);
    await this.#last;
    await Promise.all(this.#halves.map((half) => half.settled));
    if (this.#halves.some((half) => half.isDirty)) await this.#settle();
    for (const half of this.#halves) await half.remove();
  }

  #newGroup(): Group {
    const group: Group = { entries: [], done: Promise.resolve() };
    group.done = this.#last.then(() => this.#write(group));
    this.#last = group.done.catch(() => undefined);
    return group;
  }

  async #write(group: Group): Promise<void> {
    // A turn of the event loop, so that those who arrive together share.
    await setImmediate();
    this.#waiting = undefined;
    clearTimeout(this.#quiet);
    if (this.#half.bytes >= this.#halfBytes) this.#turn();
    await this.#half.settled;
    await this.#half.append(group.entries);
    this.#quiet = setTimeout(() => this.#half.isDirty && this.#turn(), QUIET_MS).unref();
  }

  get #half(): Half {
    return this.#halves[this.#filling === 0 ? 0 : 1];
  }

  /** Fills the other half from now on; this one begins again when what is in it is settled. */
  #turn(): void {
    this.#half.startAgainAfter(this.#settle());
    this.#filling = 1 - this.#filling;
  }
}

/** One file of a journal. */
class Half {
  readonly #folder: string;
  #path = '';
  #file: FileHandle | undefined;
  #inode = 0n;
  #epoch: Buffer = Buffer.alloc(EPOCH_BYTES);
  #bytes = 0;
  #settled: Promise<void> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether it holds what is not settled. */
  get isDirty(): boolean {
    return this.#bytes > 0;
  }

  /** Resolves when it may be filled. A failure to settle leaves it as it is, to be settled with more in it. */
  get settled(): Promise<void> {
    return this.#settled;
  }

  startAgainAfter(settling: Promise<void>): void {
    this.#settled = settling.then(
      () => {
        this.#bytes = 0;
      },
      () => undefined,
    );
  }

  /** Writes the entries behind those that are there; resolves when they are durable, in a file that has its name. */
  async append(entries: readonly Entry[]): Promise<void> {
    for (;;) {
      const file = this.#file ?? (await this.#create());
      const isFirst = this.#bytes === 0;
      // What the last filling left behind the end does not count: it has another epoch.
      if (isFirst) this.#epoch = randomBytes(EPOCH_BYTES);
      const records = entries.flatMap(({ key, pieces }) => encodeRecord(this.#epoch, key, pieces));
      const pieces = isFirst ? [encodeHeader(this.#epoch), ...records] : records;
      writeAllSync(file.fd, pieces, this.#bytes);
      await file.datasync();
      if (this.#hasItsName()) {
        this.#bytes += pieces.reduce((sum, piece) => sum + piece.length, 0);
        return;
      }
      // Somebody took this process for a dead one and replayed its journal, perhaps without these entries.
      await this.remove();
    }
  }

  async remove(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    const isOurs = this.#hasItsName();
    this.#file = undefined;
    this.#bytes = 0;
    await file.close();
    if (isOurs) await unlink(this.#path).catch(() => undefined);
  }

  async #create(): Promise<FileHandle> {
    this.#path = join(this.#folder, `${thisProcess()}.${randomBytes(4).toString('hex')}${JOURNAL_SUFFIX}`);
    const file = await open(this.#path, 'wx', 0o600);
    this.#inode = (await file.stat({ bigint: true })).ino;
    this.#bytes = 0;
    await syncFolder(this.#folder);
    this.#file = file;
    return file;
  }

  #hasItsName(): boolean {
    return statSync(this.#path, { bigint: true, throwIfNoEntry: false })?.ino === this.#inode;
  }
}
