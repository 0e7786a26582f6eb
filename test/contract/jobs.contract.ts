import { describe, expect, test } from 'vitest';
import { JobPostponed } from '../../lib/store/errors.ts';
import type { Job, Jobs } from '../../lib/store/ports.ts';
import { until } from '../support/until.ts';

/** Opens another member of one group of processes that share the work. Tries follow each other within milliseconds. */
export interface JobGroup extends AsyncDisposable {
  join(): Promise<Jobs>;
}

const job = (kind: string, id: string, body = id): Job => ({ kind, id, body: Buffer.from(body) });

/** Every adapter of the Jobs port passes these. */
export function jobsContract(name: string, open: () => Promise<JobGroup>): void {
  describe(name, () => {
    running(open);
    attempting(open);
    failing(open);
    ending(open);
  });
}

function running(open: () => Promise<JobGroup>): void {
  test('a job runs once, with its body, by the handler of its kind', async () => {
    await using group = await open();
    const jobs = await group.join();
    const ran: string[] = [];
    await jobs.enqueue(job('compact', 'before'));
    jobs.run({
      compact: async ({ kind, id, body }) => void ran.push(`${kind} ${id} ${Buffer.from(body)}`),
      squat: async ({ kind, id }) => void ran.push(`${kind} ${id}`),
    });
    await jobs.enqueue(job('squat', 'ä/1'));
    await jobs.enqueue(job('compact', 'after', 'the body'));
    await jobs.enqueue(job('nobody', 'x'));
    await until('three ran', () => ran.length >= 3);
    expect(ran.sort()).toEqual(['compact after the body', 'compact before before', 'squat ä/1']);
  });

  test('jobs with one id are one while they wait, and two when the first had begun (Rule 14)', async () => {
    await using group = await open();
    const jobs = await group.join();
    for (const body of ['1', '2', '3']) await jobs.enqueue(job('k', 'same', body));
    const ran: string[] = [];
    let enter: () => void = () => undefined;
    const entered = new Promise<void>((resolve) => (enter = resolve));
    let leave: () => void = () => undefined;
    const left = new Promise<void>((resolve) => (leave = resolve));
    jobs.run({
      k: async ({ body }) => {
        ran.push(String(Buffer.from(body)));
        enter();
        if (ran.length === 1) await left;
      },
    });
    await entered;
    await jobs.enqueue(job('k', 'same', '4'));
    await jobs.enqueue(job('k', 'same', '5'));
    leave();
    await until('it ran again', () => ran.length >= 2);
    await jobs.enqueue(job('k', 'other', 'end'));
    await until('the end', () => ran.includes('end'));
    expect(ran).toEqual(['3', '5', 'end']);
  });

  test('a delayed job runs not before its time', async () => {
    await using group = await open();
    const jobs = await group.join();
    const ran: string[] = [];
    const started = Date.now();
    await jobs.enqueue(job('k', 'late'), 300);
    jobs.run({ k: async ({ id }) => void ran.push(`${id} ${Date.now() - started >= 300}`) });
    await jobs.enqueue(job('k', 'now'));
    await until('both ran', () => ran.length === 2);
    // On a busy machine the other one may not have run before that time either.
    expect(ran.map((each) => each.replace(/^now.*/, 'now')).sort()).toEqual(['late true', 'now']);
  });

  test('no more than `concurrency` at a time, and that many', async () => {
    await using group = await open();
    const jobs = await group.join();
    let underWay = 0;
    let most = 0;
    let done = 0;
    for (let i = 0; i < 30; i++) await jobs.enqueue(job('k', `${i}`));
    jobs.run(
      {
        k: async () => {
          most = Math.max(most, ++underWay);
          await new Promise((resolve) => setTimeout(resolve, 10));
          underWay--;
          done++;
        },
      },
      3,
    );
    await until('all ran', () => done === 30);
    expect(most).toBe(3);
  });

  test('several processes share the work, and each job runs once', async () => {
    await using group = await open();
    const members = [await group.join(), await group.join(), await group.join()];
    const ran: string[] = [];
    for (const member of members) member.run({ k: async ({ id }) => void ran.push(id) });
    await Promise.all(Array.from({ length: 60 }, (_, i) => members[i % 3]?.enqueue(job('k', `${i}`))));
    await until('all ran', () => ran.length >= 60);
    expect(new Set(ran).size).toBe(60);
    expect(ran).toHaveLength(60);
  });
}

function attempting(open: () => Promise<JobGroup>): void {
  test('an attempt runs a job that is due, and says when one that waits wants another', async () => {
    await using group = await open();
    const jobs = await group.join();
    const ran: string[] = [];
    const handler = async ({ id, body }: Job): Promise<void> => void ran.push(`${id} ${Buffer.from(body)}`);
    await jobs.enqueue(job('a', 'now', 'body'));
    await jobs.enqueue(job('a', 'later'), 60_000);
    expect(await jobs.attempt({ kind: 'a', id: 'now' }, handler)).toBeUndefined();
    expect(await jobs.attempt({ kind: 'a', id: 'now' }, handler)).toBeUndefined();
    expect(await jobs.attempt({ kind: 'a', id: 'later' }, handler)).toBeGreaterThan(50_000);
    expect(ran).toEqual(['now body']);
    await jobs.enqueue(job('a', 'postponed'));
    const postponed = await jobs.attempt({ kind: 'a', id: 'postponed' }, async () => {
      throw new JobPostponed(30_000, 'later');
    });
    expect(postponed).toBeGreaterThan(20_000);
    expect(postponed).toBeLessThanOrEqual(30_000);
  });

  test('what one process has under way another leaves alone', async () => {
    await using group = await open();
    const [one, other] = [await group.join(), await group.join()];
    await one.enqueue(job('a', 'x'));
    let elsewhere: number | undefined;
    await one.attempt({ kind: 'a', id: 'x' }, async () => {
      elsewhere = await other.attempt({ kind: 'a', id: 'x' }, async () => {
        throw new Error('it ran twice');
      });
    });
    expect(elsewhere).toBeGreaterThan(0);
    expect(await other.dead()).toEqual([]);
  });
}

function failing(open: () => Promise<JobGroup>): void {
  test('a job that fails is tried again, and is done when it succeeds', async () => {
    await using group = await open();
    const jobs = await group.join();
    let tries = 0;
    jobs.run({
      k: async () => {
        if (++tries < 4) throw new Error('not yet');
      },
    });
    await jobs.enqueue(job('k', 'a'));
    await until('it succeeded', () => tries === 4);
    await jobs.enqueue(job('k', 'b'));
    await until('the next ran', () => tries === 5);
    expect(await jobs.dead()).toEqual([]);
  });

  test('a job that says when is run then, more than ten times, until it says never', async () => {
    await using group = await open();
    const jobs = await group.join();
    let tries = 0;
    jobs.run({
      k: async () => {
        tries++;
        throw new JobPostponed(tries === 12 ? 'never' : 1, `try ${tries}`);
      },
    });
    await jobs.enqueue(job('k', 'patient'));
    await until('it is dead', async () => (await jobs.dead()).length === 1);
    expect(tries).toBe(12);
    expect((await jobs.dead())[0]?.error).toContain('try 12');
  });

  test('after ten tries a job is kept aside with its error, newest first', async () => {
    await using group = await open();
    const jobs = await group.join();
    const tries: Record<string, number> = {};
    jobs.run({
      k: async ({ id }) => {
        tries[id] = (tries[id] ?? 0) + 1;
        throw new Error(`no ${id}`);
      },
    });
    for (const id of ['first', 'second']) {
      await jobs.enqueue(job('k', id, 'body'));
      await until('it is dead', async () => (await jobs.dead()).some((dead) => dead.id === id));
    }
    const dead = await jobs.dead();
    expect(dead.map(({ kind, id, body }) => `${kind} ${id} ${Buffer.from(body)}`)).toEqual([
      'k second body',
      'k first body',
    ]);
    expect(dead[0]?.error).toContain('no second');
    expect(tries).toEqual({ first: 10, second: 10 });
  });
}

function ending(open: () => Promise<JobGroup>): void {
  test('stop waits for what is under way and takes nothing more; the rest waits for the next', async () => {
    await using group = await open();
    const jobs = await group.join();
    const ran: string[] = [];
    let enter: () => void = () => undefined;
    const entered = new Promise<void>((resolve) => (enter = resolve));
    const handler = async ({ id }: Job): Promise<void> => {
      enter();
      await new Promise((resolve) => setTimeout(resolve, 50));
      ran.push(id);
    };
    const runner = jobs.run({ k: handler }, 1);
    await jobs.enqueue(job('k', '1'));
    await entered;
    await jobs.enqueue(job('k', '2'));
    await runner.stop();
    expect(ran).toEqual(['1']);
    jobs.run({ k: handler });
    await until('the rest ran', () => ran.length === 2);
  });
}
