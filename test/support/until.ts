import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until the condition holds; fails after 4 min, before the test is ended. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 240_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited 4 min in vain until ${what}`);
    await sleep(5);
  }
}
