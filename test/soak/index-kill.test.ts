import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type Child, startChild } from '../support/child.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Groups of four processes, each group on an index of its own: so many that the machine is always busy. */
const GROUPS = Number(process.env.CIRRUS_KILL_GROUPS ?? 6);
/** Per group. */
const KILLS = Number(process.env.CIRRUS_KILLS ?? 150);

interface Tally {
  readonly lost: string[];
  kills: number;
  writes: number;
}

it('the embedded index loses nothing acknowledged when processes are killed and started on a busy machine', async () => {
  const tally: Tally = { lost: [], kills: 0, writes: 0 };
  await Promise.all(Array.from({ length: GROUPS }, (_, group) => killed(group, tally)));
  console.log(`index kills: ${tally.kills} kills, ${tally.writes} writes acknowledged, ${tally.lost.length} lost`);
  expect(tally.lost).toEqual([]);
});

async function killed(group: number, tally: Tally): Promise<void> {
  await using folder = await temporaryFolder();
  let started = 0;
  const start = (): Child & { readonly writing: Promise<void> } => {
    const id = `g${group}.${started++}`;
    const child = startChild('./index-kill-child.ts', [join(folder.path, 'index'), id]);
    child.process.once('exit', (code, signal) => {
      if (signal !== 'SIGKILL') tally.lost.push(`process ${id} ended by itself: ${code ?? signal}`);
    });
    let said = 0;
    const writing = new Promise<void>((resolve) => {
      void (async () => {
        for await (const line of child.lines) {
          if (line.startsWith('LOST')) tally.lost.push(line);
          const writes = Number(/^(\d+) written$/.exec(line)?.[1] ?? said);
          tally.writes += writes - said;
          said = writes;
          resolve();
        }
        resolve();
      })();
    });
    return { ...child, writing };
  };
  const running = Array.from({ length: 4 }, start);
  for (let kill = 0; kill < KILLS && tally.lost.length === 0; kill++) {
    const at = kill % running.length;
    await running[at]?.writing;
    await sleep(Math.random() * 100);
    running[at]?.process.kill('SIGKILL');
    await running[at]?.ended;
    tally.kills++;
    running[at] = start();
  }
  for (const { process: child, ended } of running) {
    child.kill('SIGKILL');
    await ended;
  }
}
