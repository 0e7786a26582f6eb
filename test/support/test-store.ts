import type { Id } from '../../lib/base/ids.ts';
import { IndexJobs } from '../../lib/jobs/jobs-index.ts';
import { MailStore, type StoreOptions } from '../../lib/store/mail-store.ts';
import { storeMessage } from '../../lib/store/messages.ts';
import type { Blobs, Hints, Index, Jobs } from '../../lib/store/ports.ts';
import { openTestHome } from './home.ts';

/** Real time, or the moment at which it was `standing` still, plus what the test adds to it. */
export class TestClock {
  readonly #standsMs: number | undefined;
  #addedMs = 0;

  constructor(standing = false) {
    this.#standsMs = standing ? Date.now() : undefined;
  }

  now(): number {
    return (this.#standsMs ?? Date.now()) + this.#addedMs;
  }

  advance(ms: number): void {
    this.#addedMs += ms;
  }
}

/** Hints and jobs for tests of one process: nobody to tell, nothing to run. */
export const noHints: Hints = {
  address: 'test',
  send: () => undefined,
  listen: () => () => undefined,
  close: async () => undefined,
};
export const noJobs: Jobs = {
  enqueue: async () => undefined,
  run: () => ({ stop: async () => undefined }),
  attempt: async () => undefined,
  dead: async () => [],
  close: async () => undefined,
};

export interface TestStore {
  readonly store: MailStore;
  readonly clock: TestClock;
  readonly index: Index;
  readonly blobs: Blobs;
  /** Another process's view of the same data. */
  another(options?: StoreOptions): MailStore;
  /** A stored message, ready to append. */
  message(
    space: Id,
    text?: string,
  ): Promise<{ blob: Id; sizeBytes: number; internalDate: number; flags: readonly string[] }>;
  close(): Promise<void>;
}

export interface TestStoreOptions extends StoreOptions {
  readonly wrapIndex?: (index: Index) => Index;
  readonly wrapBlobs?: (blobs: Blobs) => Blobs;
  /** Jobs run, when somebody runs them. */
  readonly withJobs?: boolean;
  readonly wrapJobs?: (jobs: Jobs) => Jobs;
  /** Time passes only as the test says: nothing that is remembered for a while is forgotten in a slow run. */
  readonly standingClock?: boolean;
}

/** A store on the chosen home's adapters, with mail of its own. */
export async function openTestStore(options: TestStoreOptions = {}): Promise<TestStore> {
  const home = await openTestHome();
  const plain = await home.open();
  const index = options.wrapIndex?.(plain.index) ?? plain.index;
  const blobs = options.wrapBlobs?.(plain.blobs) ?? plain.blobs;
  const clock = new TestClock(options.standingClock);
  const stores: MailStore[] = [];
  // Their looking for work is not among the calls that faults are counted by.
  const plainJobs = options.withJobs === true ? new IndexJobs(plain.index, { clock, pollMs: 20 }) : noJobs;
  const jobs = options.wrapJobs?.(plainJobs) ?? plainJobs;
  const another = (more: StoreOptions = {}): MailStore => {
    const ports = { index, blobs, hints: noHints, jobs };
    const store = new MailStore(ports, { clock, ...options, ...more });
    stores.push(store);
    return store;
  };
  const store = another();
  let count = 0;
  return {
    store,
    clock,
    index,
    blobs,
    another,
    message: async (space, text) => {
      const body = Buffer.from(text ?? `From: a@example.com\r\nSubject: ${++count}\r\n\r\nHello ${count}\r\n`);
      const { blob, sizeBytes } = await storeMessage(store.context, [space], body);
      return { blob, sizeBytes, internalDate: 1_700_000_000 + count, flags: [] };
    },
    close: async () => {
      await plainJobs.close();
      for (const one of stores) await one.close();
      await plain.close();
      await home[Symbol.asyncDispose]();
    },
  };
}
