import type { GroupCommit, WriterOptions } from './index-writer.ts';
import type { Write, Written } from './index-writes.ts';
import { OwnThread } from './own-thread.ts';
import { type PackedWrites, packWrites } from './packed-writes.ts';

/** Commits in a thread of its own: waiting for the disk and for other processes stops nobody else. */
export class CommitThread implements GroupCommit {
  readonly #thread: OwnThread<PackedWrites, readonly Written[]>;

  constructor(options: WriterOptions, onEnded: (error: unknown) => void) {
    const module = new URL('./index-writer-thread.ts', import.meta.url);
    this.#thread = new OwnThread({ module, name: 'index writer', data: options, onEnded });
  }

  commit(writes: readonly Write[]): Promise<readonly Written[]> {
    const packed = packWrites(writes);
    return this.#thread.ask(packed, [packed.bytes.buffer]);
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }
}
