import type { Clock } from '../base/clock.ts';
import type { Index, Job, JobHandler } from '../store/ports.ts';
import { jobPartition, storedJob } from './job-item.ts';

export interface JobRunnerOptions {
  readonly concurrency: number;
  readonly pollMs: number;
  readonly clock: Clock;
  readonly onError: (error: unknown, job?: Job) => void;
  /** Takes the job, if it still can be taken, and runs it. */
  readonly attempt: (kind: string, id: string, handler: JobHandler) => Promise<void>;
}

/** Looks for due jobs of some kinds and keeps up to `concurrency` of them under way. */
export class JobRunner {
  readonly #index: Index;
  readonly #handlers: ReadonlyMap<string, JobHandler>;
  readonly #options: JobRunnerOptions;
  readonly #underWay = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #stopped = false;

  constructor(index: Index, handlers: Readonly<Record<string, JobHandler>>, options: JobRunnerOptions) {
    this.#index = index;
    this.#handlers = new Map(Object.entries(handlers));
    this.#options = options;
    this.#look();
  }

  /** A job of the kind was enqueued in this process. */
  wake(kind: string): void {
    if (this.#handlers.has(kind)) this.#look();
  }

  /** Takes no more jobs and waits for those under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
    await Promise.all(this.#underWay.values());
  }

  #look(): void {
    if (this.#stopped) return;
    if (this.#looking !== undefined) {
      this.#lookAgain = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#lookAgain = false;
    this.#looking = this.#lookOnce().then((nextMs) => {
      this.#looking = undefined;
      if (this.#lookAgain) this.#look();
      else if (!this.#stopped) this.#timer = setTimeout(() => this.#look(), nextMs).unref();
    });
  }

  /** Starts what is due and fits; answers when to look again. */
  async #lookOnce(): Promise<number> {
    let nextMs = this.#options.pollMs;
    try {
      for (const [kind, handler] of this.#handlers) nextMs = Math.min(nextMs, await this.#lookFor(kind, handler));
    } catch (error) {
      this.#options.onError(error);
    }
    return nextMs;
  }

  async #lookFor(kind: string, handler: JobHandler): Promise<number> {
    let nextMs = this.#options.pollMs;
    let after: Buffer | undefined;
    do {
      const page = await this.#index.query({ pk: jobPartition(kind), limit: 1000, ...(after && { after }) });
      for (const { sk, item } of page.rows) {
        // The end of a job looks again.
        if (this.#stopped || this.#underWay.size >= this.#options.concurrency) return this.#options.pollMs;
        const waitMs = storedJob(item).dueMs - this.#options.clock.now();
        if (waitMs > 0) nextMs = Math.min(nextMs, waitMs);
        else this.#start(kind, sk.toString('utf8'), handler);
      }
      after = page.next;
    } while (after !== undefined);
    return nextMs;
  }

  #start(kind: string, id: string, handler: JobHandler): void {
    const name = `${kind} ${id}`;
    if (this.#underWay.has(name)) return;
    const run = this.#options
      .attempt(kind, id, handler)
      .catch((error: unknown) => this.#options.onError(error))
      .finally(() => {
        this.#underWay.delete(name);
        this.#look();
      });
    this.#underWay.set(name, run);
  }
}
