import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type Child, startChild } from '../support/child.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Groups of four processes, each group on an index of its own: so many that the machine is always busy. */
const GROUPS = 3;
const KILLS = 150;

it('the embedded index loses nothing acknowledged when processes are killed and started on a busy machine', async () => {
  const lost: string[] = [];
  await Promise.all(Array.from({ length: GROUPS }, (_, group) => killed(group, lost)));
  expect(lost).toEqual([]);
});

async function killed(group: number, lost: string[]): Promise<void> {
  await using folder = await temporaryFolder();
  let started = 0;
  const start = (): Child & { readonly writing: Promise<void> } => {
    const child = startChild('./index-kill-child.ts', [join(folder.path, 'index'), `g${group}.${started++}`]);
    const writing = new Promise<void>((resolve) => {
      void (async () => {
        for await (const line of child.lines) {
          if (line.startsWith('LOST')) lost.push(line);
          resolve();
        }
        resolve();
      })();
    });
    return { ...child, writing };
  };
  const running = Array.from({ length: 4 }, start);
  for (let kill = 0; kill < KILLS && lost.length === 0; kill++) {
    const at = kill % running.length;
    await running[at]?.writing;
    await sleep(Math.random() * 100);
    running[at]?.process.kill('SIGKILL');
    await running[at]?.ended;
    running[at] = start();
  }
  for (const { process: child, ended } of running) {
    child.kill('SIGKILL');
    await ended;
  }
}
