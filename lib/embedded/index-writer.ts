import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { StoreError, type StoreErrorCode } from '../store/errors.ts';
import type { Write, Written } from './index-writes.ts';

/** What a group may hold, so that its transaction and its messages stay small. */
const GROUP_WRITES = 500;
const GROUP_BYTES = 4 * 1024 * 1024;

export type ToThread = readonly Write[] | 'close';

type FromThread =
  | { readonly written: readonly Written[] }
  | { readonly failed: { readonly code: StoreErrorCode | undefined; readonly text: string } };

export interface WriterOptions {
  readonly path: string;
  /** How long a group waits for other processes before it is given up. */
  readonly waitMs: number;
}

interface Waiting {
  readonly write: Write;
  readonly resolve: (written: Written) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Who writes for this process, in a thread of its own: waiting for the disk and for other processes stops nobody else.
 * What arrives while a group is written is the next group: one transaction and one fsync for all of it.
 */
export class IndexWriter {
  readonly #options: WriterOptions;
  readonly #onEnded: (error: unknown) => void;
  readonly #waiting: Waiting[] = [];
  #thread: Worker | undefined;
  #answer: { resolve(written: readonly Written[]): void; reject(reason: unknown): void } | undefined;
  #running: Promise<void> | undefined;

  /** `onEnded`: the thread ended by itself. Its group is answered `unavailable`, the next one gets a new thread. */
  constructor(options: WriterOptions, onEnded: (error: unknown) => void) {
    this.#options = options;
    this.#onEnded = onEnded;
  }

  /** Resolves when the file is there and can be written. Before anything else. */
  async open(): Promise<void> {
    await this.#exchange([]);
  }

  /** Resolves when the write is durable, or its condition failed. The caller changes the bytes no more. */
  write(write: Write): Promise<Written> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ write, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Finishes what is waiting and ends the thread. */
  async close(): Promise<void> {
    await this.#running;
    const thread = this.#thread;
    this.#thread = undefined;
    if (thread === undefined) return;
    thread.ref();
    const exit = once(thread, 'exit');
    thread.postMessage('close' satisfies ToThread);
    await exit;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // A turn of the event loop, so that those who arrive together, or go on with an answer, share.
      await setImmediate();
      const group = this.#nextGroup();
      try {
        const written = await this.#exchange(group.map(({ write }) => write));
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

  #exchange(writes: readonly Write[]): Promise<readonly Written[]> {
    return new Promise((resolve, reject) => {
      this.#answer = { resolve, reject };
      this.#thread ??= this.#start();
      // Whoever waits for an answer keeps the process alive; an idle thread does not.
      this.#thread.ref();
      this.#thread.postMessage(writes satisfies ToThread);
    });
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
