import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openSqliteIndex } from '../../lib/embedded/index-sqlite.ts';
import { jobKey, storedJob } from '../../lib/jobs/job-item.ts';
import { IndexJobs, type IndexJobsOptions } from '../../lib/jobs/jobs-index.ts';
import type { Index } from '../../lib/store/ports.ts';
import { startChild } from '../support/child.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/until.ts';
import { type JobGroup, jobsContract } from './jobs.contract.ts';

const fast: IndexJobsOptions = { pollMs: 20, retryMs: () => 1 };

async function openGroup(options = fast): Promise<JobGroup & { readonly index: Index; readonly path: string }> {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'index');
  const index = await openSqliteIndex(path);
  const members: IndexJobs[] = [];
  return {
    index,
    path,
    async join() {
      const member = new IndexJobs(index, options);
      members.push(member);
      return member;
    },
    async [Symbol.asyncDispose]() {
      for (const member of members) await member.close();
      await index.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

jobsContract('embedded jobs', openGroup);

describe('embedded jobs, processes', () => {
  test('a job whose process was killed is run by another when its lease ends', async () => {
    await using group = await openGroup({ ...fast, leaseMs: 300 });
    const child = startChild('./jobs-child.ts', [group.path]);
    const jobs = await group.join();
    await jobs.enqueue({ kind: 'k', id: 'a', body: Buffer.from('b') });
    for await (const line of child.lines) {
      expect(line).toBe('running a');
      child.process.kill('SIGKILL');
    }
    await child.ended;
    const ran: string[] = [];
    jobs.run({ k: async ({ id, body }) => void ran.push(`${id} ${Buffer.from(body)}`) });
    await until('it ran here', () => ran.length === 1);
    expect(ran).toEqual(['a b']);
  });

  test('a job that takes longer than its lease is not taken over while its process lives', async () => {
    const clock = { ms: Date.now(), now: () => clock.ms };
    const leaseMs = 90;
    await using group = await openGroup({ ...fast, clock, leaseMs });
    const [one, two] = [await group.join(), await group.join()];
    let runs = 0;
    let done = 0;
    let leave: () => void = () => undefined;
    const left = new Promise<void>((resolve) => (leave = resolve));
    const handler = async (): Promise<void> => {
      runs++;
      await left;
      done++;
    };
    one.run({ k: handler });
    two.run({ k: handler });
    await one.enqueue({ kind: 'k', id: 'a', body: Buffer.alloc(0) });
    await until('it runs', () => runs === 1);
    const leaseEndsMs = async (): Promise<number> =>
      storedJob((await group.index.get(jobKey('k', 'a'))) ?? {}).dueMs - clock.ms;
    // Time goes on only as the lease does: how busy the machine is does not matter.
    for (let step = 0; step < 10; step++) {
      clock.ms += leaseMs - 10;
      await until('the lease is renewed', async () => (await leaseEndsMs()) === leaseMs);
    }
    leave();
    await until('it is done', () => done === 1);
    expect(runs).toBe(1);
  });
});
