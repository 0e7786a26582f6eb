import { readdirSync, readFileSync } from 'node:fs';

/** What a server and all its processes have used. */
export interface Usage {
  /** User and system time, of processes that have ended too. */
  readonly cpuMs: number;
  /** Proportional set size: shared pages are counted once. */
  readonly pssBytes: number;
}

const TICK_MS = 10;

/** Usage of a process and everything below it. */
export function usage(rootPid: number): Usage {
  let cpuMs = 0;
  let pssBytes = 0;
  for (const pid of tree(rootPid)) {
    const stat = read(`/proc/${pid}/stat`);
    if (stat === undefined) continue;
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // proc(5): utime, stime, cutime, cstime are fields 14 to 17; these begin at field 3.
    for (const field of fields.slice(11, 15)) cpuMs += Number(field) * TICK_MS;
    const pss = /^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '');
    pssBytes += Number(pss?.[1] ?? 0) * 1024;
  }
  return { cpuMs, pssBytes };
}

function tree(rootPid: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const stat = read(`/proc/${pid}/stat`);
    const parent = Number(stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found = [rootPid];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
