import { SendMessageCommand, SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import type { IndexJobs } from '../jobs/jobs-index.ts';
import type { Job, JobHandler, Jobs } from '../store/ports.ts';
import { tunedClient } from './http.ts';
import { defaultRetry, retrying } from './retry.ts';

/** SQS delays no message longer: who is woken too early goes to sleep again. */
const LONGEST_DELAY_S = 900;
const REQUEST_TIMEOUT_MS = 5000;
/** The message of a job that is so late was lost, or was put aside by the queue. */
const OVERDUE_MS = 3_600_000;

export interface SqsJobsOptions {
  /** Queue of each kind that functions run; others are run by whoever looks for them. */
  readonly queues: Readonly<Record<string, string>>;
  readonly client?: Pick<SQSClientConfig, 'credentials' | 'endpoint' | 'region'>;
}

/** What a message of the queue says: that there is such a job. */
export type JobNotice = Pick<Job, 'kind' | 'id'>;

/**
 * The Jobs port with SQS: a job is an item, as it is without ({@link IndexJobs}), and a message of its queue wakes a
 * function for it. So a job asked for twice is one, one that waits for hours wants no message that lives as long, and a message that
 * comes twice, late or out of order does no harm.
 */
export class SqsJobs implements Jobs {
  readonly #jobs: IndexJobs;
  readonly #queues: ReadonlyMap<string, string>;
  readonly #client: SQSClient;

  constructor(jobs: IndexJobs, { queues, client }: SqsJobsOptions) {
    this.#jobs = jobs;
    this.#queues = new Map(Object.entries(queues));
    this.#client = new SQSClient({ ...client, ...tunedClient(REQUEST_TIMEOUT_MS) });
  }

  async enqueue(job: Job, delayMs = 0): Promise<void> {
    await this.#jobs.enqueue(job, delayMs);
    await this.#announce(job, delayMs);
  }

  /** Runs what has no queue of its own. */
  run(handlers: Readonly<Record<string, JobHandler>>, concurrency?: number): { stop(): Promise<void> } {
    const here = Object.entries(handlers).filter(([kind]) => !this.#queues.has(kind));
    return this.#jobs.run(Object.fromEntries(here), concurrency);
  }

  /** As the port says; one that waits on is announced again. */
  async attempt(job: JobNotice, handler: JobHandler): Promise<number | undefined> {
    const waitMs = await this.#jobs.attempt(job, handler);
    if (waitMs !== undefined) await this.#announce(job, waitMs);
    return waitMs;
  }

  /** Announces again the jobs whose messages were lost; answers how many. A message too many does no harm. */
  async announceOverdue(): Promise<number> {
    let announced = 0;
    for (const kind of this.#queues.keys()) {
      for await (const id of this.#jobs.overdue(kind, OVERDUE_MS)) {
        await this.#announce({ kind, id }, 0);
        announced++;
      }
    }
    return announced;
  }

  dead(): ReturnType<Jobs['dead']> {
    return this.#jobs.dead();
  }

  async close(): Promise<void> {
    await this.#jobs.close();
    this.#client.destroy();
  }

  async #announce({ kind, id }: JobNotice, delayMs: number): Promise<void> {
    const queue = this.#queues.get(kind);
    if (queue === undefined) return;
    const notice: JobNotice = { kind, id };
    const command = new SendMessageCommand({
      QueueUrl: queue,
      MessageBody: JSON.stringify(notice),
      DelaySeconds: Math.min(LONGEST_DELAY_S, Math.ceil(delayMs / 1000)),
    });
    await retrying('SQS', true, defaultRetry, () => this.#client.send(command));
  }
}
