import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '../base/clock.ts';
import { JobPostponed } from '../store/errors.ts';
import type { Index, Item, Job, JobHandler, Jobs, Key } from '../store/ports.ts';
import {
  DEAD_PARTITION,
  deadItem,
  deadJob,
  deadKey,
  jobItem,
  jobKey,
  jobPartition,
  type StoredJob,
  storedJob,
} from './job-item.ts';
import { JobRunner } from './job-runner.ts';

export const JOB_TRIES = 10;
const ERROR_LENGTH = 2000;

export interface IndexJobsOptions {
  readonly clock?: Clock;
  /** How often to look for jobs of other processes. Default 5 s. */
  readonly pollMs?: number;
  /** How long a runner may be silent before another takes its job. Default 60 s. */
  readonly leaseMs?: number;
  /** Wait before the next try, after this many. Default 1 s, doubling, up to 1 h. */
  readonly retryMs?: (tries: number) => number;
  /** Told of what goes wrong in the background: the index failing, a job failing. */
  readonly onError?: (error: unknown, job?: Job) => void;
}

/** The Jobs port on an Index. Any number of processes may share the work; the index stays its owner's to close. */
export class IndexJobs implements Jobs {
  readonly #index: Index;
  readonly #clock: Clock;
  readonly #pollMs: number;
  readonly #leaseMs: number;
  readonly #retryMs: (tries: number) => number;
  readonly #onError: (error: unknown, job?: Job) => void;
  readonly #runners = new Set<JobRunner>();

  constructor(index: Index, options: IndexJobsOptions = {}) {
    this.#index = index;
    this.#clock = options.clock ?? systemClock;
    this.#pollMs = options.pollMs ?? 5000;
    this.#leaseMs = options.leaseMs ?? 60_000;
    this.#retryMs =
      options.retryMs ?? ((tries) => Math.min(3_600_000, 1000 * 2 ** (tries - 1)) * (0.5 + Math.random()));
    this.#onError = options.onError ?? (() => undefined);
  }

  async enqueue(job: Job, delayMs = 0): Promise<void> {
    const dueMs = this.#clock.now() + delayMs;
    await this.#change(jobKey(job.kind, job.id), (there) => {
      const fresh = { body: job.body, dueMs, tries: 0, runner: '', again: false };
      if (there === undefined) return fresh;
      // It runs and may be past what it was now asked for: once more, afterwards.
      if (there.runner !== '') return { ...there, body: job.body, again: true };
      return { ...fresh, dueMs: Math.min(there.dueMs, dueMs) };
    });
    for (const runner of this.#runners) runner.wake(job.kind);
  }

  run(handlers: Readonly<Record<string, JobHandler>>, concurrency = 4) {
    const runner = new JobRunner(this.#index, handlers, {
      concurrency,
      pollMs: this.#pollMs,
      clock: this.#clock,
      onError: this.#onError,
      attempt: (kind, id, handler) => this.#attempt(kind, id, handler),
    });
    this.#runners.add(runner);
    return {
      stop: async () => {
        await runner.stop();
        this.#runners.delete(runner);
      },
    };
  }

  async attempt({ kind, id }: Pick<Job, 'kind' | 'id'>, handler: JobHandler): Promise<number | undefined> {
    await this.#attempt(kind, id, handler);
    const item = await this.#index.get(jobKey(kind, id));
    return item && Math.max(0, storedJob(item).dueMs - this.#clock.now());
  }

  /** Ids of the jobs of a kind that have been due for so long, and that nobody runs. */
  async *overdue(kind: string, lateMs: number): AsyncGenerator<string> {
    const latestMs = this.#clock.now() - lateMs;
    let after: Buffer | undefined;
    do {
      const page = await this.#index.query({ pk: jobPartition(kind), limit: 1000, ...(after && { after }) });
      for (const { sk, item } of page.rows) if (storedJob(item).dueMs < latestMs) yield sk.toString('utf8');
      after = page.next;
    } while (after !== undefined);
  }

  async dead() {
    const { rows } = await this.#index.query({ pk: DEAD_PARTITION, limit: 1000 });
    return rows.map((row) => deadJob(row.item));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#runners].map((runner) => runner.stop()));
    this.#runners.clear();
  }

  /** Takes the job if it is due and nobody else's, runs it, and settles how it ended. */
  async #attempt(kind: string, id: string, handler: JobHandler): Promise<void> {
    const key = jobKey(kind, id);
    const runner = randomUUID();
    const taken = await this.#change(key, (there) => {
      const now = this.#clock.now();
      if (there === undefined || there.dueMs > now) return 'leave';
      return { ...there, tries: there.tries + 1, runner, dueMs: now + this.#leaseMs };
    });
    if (taken === undefined) return;
    const job: Job = { id, kind, body: taken.body };
    if (taken.tries > JOB_TRIES) return this.#bury(job, key, runner, new Error('its process ended while it ran'));
    const renewal = setInterval(() => void this.#renew(key, runner), this.#leaseMs / 3);
    renewal.unref();
    try {
      await handler(job);
    } catch (error) {
      clearInterval(renewal);
      const delayMs = error instanceof JobPostponed ? error.delayMs : undefined;
      if (delayMs === undefined) this.#onError(error, job);
      if (delayMs === 'never') return this.#bury(job, key, runner, error);
      if (delayMs !== undefined) {
        const dueMs = this.#clock.now() + delayMs;
        return this.#settle(key, runner, (there) => ({ ...there, runner: '', tries: 0, dueMs }));
      }
      if (taken.tries >= JOB_TRIES) return this.#bury(job, key, runner, error);
      return this.#settle(key, runner, (there) => ({
        ...there,
        runner: '',
        dueMs: this.#clock.now() + this.#retryMs(there.tries),
      }));
    } finally {
      clearInterval(renewal);
    }
    return this.#settle(key, runner, () => 'delete');
  }

  async #renew(key: Key, runner: string): Promise<void> {
    try {
      await this.#change(key, (there) =>
        there?.runner === runner ? { ...there, dueMs: this.#clock.now() + this.#leaseMs } : 'leave',
      );
    } catch (error) {
      this.#onError(error);
    }
  }

  async #bury(job: Job, key: Key, runner: string, error: unknown): Promise<void> {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    await this.#index.put(deadKey(job, this.#clock.now()), deadItem(job, text.slice(0, ERROR_LENGTH)));
    await this.#settle(key, runner, () => 'delete');
  }

  /** Ends a run, unless another runner has taken the job over. One that was asked for again waits again. */
  async #settle(key: Key, runner: string, decide: (there: StoredJob) => Change): Promise<void> {
    await this.#change(key, (there) => {
      if (there?.runner !== runner) return 'leave';
      if (!there.again) return decide(there);
      return { ...there, runner: '', again: false, tries: 0, dueMs: this.#clock.now() };
    });
  }

  /** Changes the stored job by compare-and-set; answers what it became, undefined when it was left or deleted. */
  async #change(key: Key, decide: (there: StoredJob | undefined) => Change): Promise<StoredJob | undefined> {
    let found: Item | undefined = await this.#index.get(key);
    for (;;) {
      const there = found && storedJob(found);
      const change = decide(there);
      if (change === 'leave' || (change === 'delete' && there === undefined)) return undefined;
      const condition = there === undefined ? 'absent' : { rev: there.rev };
      const next = change === 'delete' ? undefined : { ...change, rev: (there?.rev ?? 0) + 1 };
      const result = next
        ? await this.#index.put(key, jobItem(next), condition)
        : await this.#index.delete(key, condition);
      if (result.ok) return next;
      found = result.current;
    }
  }
}

type Change = Omit<StoredJob, 'rev'> | 'delete' | 'leave';
