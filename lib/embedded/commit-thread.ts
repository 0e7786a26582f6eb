import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { StoreError, type StoreErrorCode } from '../store/errors.ts';
import type { GroupCommit, WriterOptions } from './index-writer.ts';
import type { Write, Written } from './index-writes.ts';

export type ToThread = readonly Write[] | 'close';

export type FromThread =
  | { readonly written: readonly Written[] }
  | { readonly failed: { readonly code: StoreErrorCode | undefined; readonly text: string } };

/**
 * Commits in a thread of its own: waiting for the disk and for other processes stops nobody else. One that ended by itself
 * answers its group `unavailable`; the next group gets a new thread.
 */
export class CommitThread implements GroupCommit {
  readonly #options: WriterOptions;
  readonly #onEnded: (error: unknown) => void;
  #thread: Worker | undefined;
  #answer: { resolve(written: readonly Written[]): void; reject(reason: unknown): void } | undefined;

  constructor(options: WriterOptions, onEnded: (error: unknown) => void) {
    this.#options = options;
    this.#onEnded = onEnded;
  }

  commit(writes: readonly Write[]): Promise<readonly Written[]> {
    return new Promise((resolve, reject) => {
      this.#answer = { resolve, reject };
      this.#thread ??= this.#start();
      // Whoever waits for an answer keeps the process alive; an idle thread does not.
      this.#thread.ref();
      this.#thread.postMessage(writes satisfies ToThread);
    });
  }

  async close(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    if (thread === undefined) return;
    thread.ref();
    const exit = once(thread, 'exit');
    thread.postMessage('close' satisfies ToThread);
    await exit;
  }

  #start(): Worker {
    const thread = new Worker(new URL('./index-writer-thread.ts', import.meta.url), {
      name: 'index writer',
      workerData: this.#options,
    });
    let cause: unknown;
    thread.on('message', (message: FromThread) => {
      thread.unref();
      if ('written' in message) this.#answer?.resolve(message.written);
      else this.#answer?.reject(errorOf(message.failed));
      this.#answer = undefined;
    });
    thread.on('error', (error) => {
      cause = error;
    });
    thread.on('exit', (code) => {
      if (this.#thread !== thread) return;
      this.#thread = undefined;
      const ended = new StoreError('unavailable', `the thread that writes the index ended (${code})`, { cause });
      this.#answer?.reject(ended);
      this.#answer = undefined;
      this.#onEnded(ended);
    });
    return thread;
  }
}

function errorOf({ code, text }: { readonly code: StoreErrorCode | undefined; readonly text: string }): Error {
  return code === undefined ? new Error(text) : new StoreError(code, text);
}
