import { setImmediate } from 'node:timers/promises';
import { failed } from './index-file.ts';
import { IndexWrites, type Write, type Written } from './index-writes.ts';

/** What a group may hold, so that its transaction and its messages stay small. */
const GROUP_WRITES = 500;
const GROUP_BYTES = 4 * 1024 * 1024;

export interface WriterOptions {
  readonly path: string;
  /** How long a group waits for other processes before it is given up. */
  readonly waitMs: number;
}

/** Where groups are committed: each in one transaction, answered when it is durable. One at a time. */
export interface GroupCommit {
  commit(writes: readonly Write[]): Promise<readonly Written[]>;
  close(): Promise<void>;
}

/**
 * Commits where it is called, which blocks the caller's thread: for a process that comes and goes, and would spend more on
 * starting a thread than it could gain.
 */
export class CommitHere implements GroupCommit {
  readonly #options: WriterOptions;
  #writes: IndexWrites | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  async commit(writes: readonly Write[]): Promise<readonly Written[]> {
    const { path, waitMs } = this.#options;
    try {
      this.#writes ??= IndexWrites.open(path, waitMs);
      return this.#writes.commit(writes);
    } catch (error) {
      throw failed(error, this.#writes === undefined ? `opening ${path}` : 'writing the index');
    }
  }

  async close(): Promise<void> {
    this.#writes?.close();
    this.#writes = undefined;
  }
}

interface Waiting {
  readonly write: Write;
  readonly resolve: (written: Written) => void;
  readonly reject: (reason: unknown) => void;
}

/** Who writes for this process. What arrives while a group is written is the next group: one transaction and one fsync for all of it. */
export class IndexWriter {
  readonly #commit: GroupCommit;
  readonly #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(commit: GroupCommit) {
    this.#commit = commit;
  }

  /** Resolves when the file is there and can be written. Before anything else. */
  async open(): Promise<void> {
    await this.#commit.commit([]);
  }

  /** Resolves when the write is durable, or its condition failed. The caller changes the bytes no more. */
  write(write: Write): Promise<Written> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ write, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Finishes what is waiting. */
  async close(): Promise<void> {
    await this.#running;
    await this.#commit.close();
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // A turn of the event loop, so that those who arrive together, or go on with an answer, share.
      await setImmediate();
      const group = this.#nextGroup();
      try {
        const written = await this.#commit.commit(group.map(({ write }) => write));
        for (const [i, answer] of written.entries()) group[i]?.resolve(answer);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
      await setImmediate();
    }
    this.#running = undefined;
  }

  #nextGroup(): readonly Waiting[] {
    let bytes = 0;
    let length = 0;
    for (const { write } of this.#waiting) {
      bytes += write.do === 'put' ? write.item.length : 0;
      if (length > 0 && (length === GROUP_WRITES || bytes > GROUP_BYTES)) break;
      length++;
    }
    return this.#waiting.splice(0, length);
  }
}
