import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { SqsJobs } from '../../lib/aws/jobs-sqs.ts';
import { IndexJobs, type IndexJobsOptions } from '../../lib/jobs/jobs-index.ts';
import type { JobHandler, Jobs } from '../../lib/store/ports.ts';
import { openTestDynamoDb } from '../support/dynamodb.ts';
import { openTestSqs, type TestSqs } from '../support/sqs.ts';
import { jobsContract } from './jobs.contract.ts';

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

async function openGroup() {
  const sqs = await openTestSqs();
  const database = await openTestDynamoDb();
  const members: SqsJobs[] = [];
  const queues = Object.fromEntries(['compact', 'squat', 'k'].map((kind) => [kind, `${sqs.endpoint}/1/${kind}`]));
  return {
    sqs,
    open(options: IndexJobsOptions = {}): SqsJobs {
      const client = { endpoint: sqs.endpoint, region: 'eu-west-1', credentials };
      const member = new SqsJobs(new IndexJobs(database.index, { retryMs: () => 1, ...options }), { queues, client });
      members.push(member);
      return member;
    },
    async [Symbol.asyncDispose]() {
      for (const member of members) await member.close();
      await database[Symbol.asyncDispose]();
      await sqs[Symbol.asyncDispose]();
    },
  };
}

/** What Lambda does with a queue and a function, in this process. */
function running(sqs: TestSqs, jobs: Jobs, handlers: Readonly<Record<string, JobHandler>>, concurrency = 4) {
  let stopped = false;
  const one = async (): Promise<void> => {
    while (!stopped) {
      const at = sqs.messages.findIndex(({ body }) => JSON.parse(body).kind in handlers);
      const [message] = at < 0 ? [] : sqs.messages.splice(at, 1);
      const notice = message && JSON.parse(message.body);
      if (notice === undefined) await sleep(1);
      else await jobs.attempt(notice, handlers[notice.kind] as JobHandler);
    }
  };
  const all = Promise.all(Array.from({ length: concurrency }, one));
  return {
    stop: async () => {
      stopped = true;
      await all;
    },
  };
}

jobsContract('jobs in DynamoDB, announced by SQS', async () => {
  const group = await openGroup();
  const runs: { stop(): Promise<void> }[] = [];
  return {
    async join() {
      const member = group.open();
      return {
        enqueue: (job, delayMs) => member.enqueue(job, delayMs),
        attempt: (job, handler) => member.attempt(job, handler),
        dead: () => member.dead(),
        close: () => member.close(),
        run(handlers, concurrency) {
          const run = running(group.sqs, member, handlers, concurrency);
          runs.push(run);
          return run;
        },
      };
    },
    async [Symbol.asyncDispose]() {
      for (const run of runs) await run.stop();
      await group[Symbol.asyncDispose]();
    },
  };
});

const job = { kind: 'k', id: 'a', body: Buffer.from('x') };

test('a message says which job, not what; its delay is at most the longest of SQS', async () => {
  await using group = await openGroup();
  const jobs = group.open();
  await jobs.enqueue(job, 1500);
  await jobs.enqueue({ ...job, id: 'b' }, 7_200_000);
  const queue = `${group.sqs.endpoint}/1/k`;
  expect(group.sqs.messages).toEqual([
    { queue, body: '{"kind":"k","id":"a"}', delayS: 2 },
    { queue, body: '{"kind":"k","id":"b"}', delayS: 900 },
  ]);
  expect(await jobs.attempt({ kind: 'k', id: 'b' }, () => Promise.reject(new Error('too early')))).toBeGreaterThan(
    7_000_000,
  );
  expect(group.sqs.messages[2]).toEqual({ queue, body: '{"kind":"k","id":"b"}', delayS: 900 });
});

test('the same message twice, and one for a job that is done, run nothing', async () => {
  await using group = await openGroup();
  const jobs = group.open();
  await jobs.enqueue(job);
  let ran = 0;
  for (let i = 0; i < 3; i++) expect(await jobs.attempt(job, async () => void ran++)).toBeUndefined();
  expect(ran).toBe(1);
});

test('a job that could not be announced is said to be not durable, and is one when it is asked for again', async () => {
  await using group = await openGroup();
  const jobs = group.open();
  group.sqs.throttled = true;
  await expect(jobs.enqueue(job)).rejects.toMatchObject({ code: 'unavailable' });
  group.sqs.throttled = false;
  await jobs.enqueue(job);
  expect(group.sqs.messages).toHaveLength(1);
  let ran = 0;
  await jobs.attempt(job, async () => void ran++);
  expect(ran).toBe(1);
});

test('a job whose message was lost is announced again when it is an hour late, and one that waits or runs is not (Rule 14)', async () => {
  await using group = await openGroup();
  const clock = { ms: Date.now(), now: () => clock.ms };
  const jobs = group.open({ clock });
  await jobs.enqueue(job);
  await jobs.enqueue({ ...job, id: 'later' }, 7_200_000);
  await jobs.enqueue({ ...job, kind: 'other' });
  group.sqs.messages.length = 0;
  clock.ms += 3_600_000;
  expect(await jobs.announceOverdue()).toBe(0);
  clock.ms++;
  expect(await jobs.announceOverdue()).toBe(1);
  expect(group.sqs.messages).toEqual([
    { queue: `${group.sqs.endpoint}/1/k`, body: '{"kind":"k","id":"a"}', delayS: 0 },
  ]);
  await jobs.attempt(job, async () => {
    expect(await jobs.announceOverdue()).toBe(0);
  });
  expect(await jobs.announceOverdue()).toBe(0);
  group.sqs.throttled = true;
  clock.ms += 7_200_000;
  await expect(jobs.announceOverdue()).rejects.toMatchObject({ code: 'unavailable' });
});

test('kinds without a queue are run by whoever looks for them, and the others are not', async () => {
  await using group = await openGroup();
  const jobs = group.open();
  const ran: string[] = [];
  const handler: JobHandler = async ({ kind }) => void ran.push(kind);
  await jobs.enqueue(job);
  await jobs.enqueue({ ...job, kind: 'other' });
  const run = jobs.run({ k: handler, other: handler });
  while (ran.length === 0) await sleep(1);
  await run.stop();
  expect(ran).toEqual(['other']);
});
