import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until the condition holds; fails after 60 s. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited 60 s in vain until ${what}`);
    await sleep(5);
  }
}
