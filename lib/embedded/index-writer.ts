import { Groups } from './groups.ts';
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

/** Who writes for this process, in groups: one transaction and one fsync for all that waits. */
export class IndexWriter {
  readonly #commit: GroupCommit;
  readonly #groups: Groups<Write, Written>;

  constructor(commit: GroupCommit) {
    this.#commit = commit;
    this.#groups = new Groups({
      run: (writes) => commit.commit(writes),
      bytesOf: (write) => (write.do === 'put' ? write.item.length : 0),
      maxBytes: GROUP_BYTES,
      maxCount: GROUP_WRITES,
    });
  }

  /** Resolves when the file is there and can be written. Before anything else. */
  async open(): Promise<void> {
    await this.#commit.commit([]);
  }

  /** Resolves when the write is durable, or its condition failed. The caller changes the bytes no more. */
  write(write: Write): Promise<Written> {
    return this.#groups.do(write);
  }

  /** Finishes what is waiting. */
  async close(): Promise<void> {
    await this.#groups.done();
    await this.#commit.close();
  }
}
