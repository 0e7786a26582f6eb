import { readFileSync } from 'node:fs';

/**
 * Names this process so that another of the machine can tell whether it is still there: the boot, the process id, and when it
 * began, so that a number that was given again is not taken for it.
 */
export function thisProcess(): string {
  return nameOf(process.pid) ?? `0-${process.pid}-0`;
}

/** Whether the process of that name runs. A name of another boot, or one that is no name, is of nobody. */
export function isRunning(name: string): boolean {
  const pid = Number(/^[0-9a-f]+-(\d+)-\d+$/.exec(name)?.[1]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  const now = nameOf(pid);
  return now === undefined ? name.startsWith('0-') && answersSignals(pid) : now === name;
}

/** Undefined where there is no such process, or no /proc (proc(5): `starttime` is field 22). */
function nameOf(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${boot}-${pid}-${started}`;
  } catch {
    return undefined;
  }
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
