import { Directory } from './directory.ts';
import { StoreError } from './errors.ts';
import { DAY_MS } from './keep.ts';
import { sweepStateKey, systemKey } from './keys.ts';
import type { MailStore } from './mail-store.ts';
import type { Item, Key } from './ports.ts';
import { auditSpace } from './sweep-audit.ts';
import { finishCrossings } from './sweep-crossings.ts';
import { finishDeletes, sweepDeleted } from './sweep-deleted.ts';
import { sweepExpunged } from './sweep-expunged.ts';
import { repairGrants } from './sweep-grants.ts';
import { recountQuota } from './sweep-quota.ts';
import { type SpaceOwner, SweepHeld, type SweepOptions, SweepRun, type SweepTally } from './sweep-run.ts';
import { auditIndex } from './sweep-scan.ts';
import { auditShared } from './sweep-shared.ts';

export type { SweepOptions, SweepTally } from './sweep-run.ts';

/** Since when the audit runs that has not come to its end: a later process goes on with it. */
const AUDIT: Key = systemKey('SWEEP/audit');

/**
 * Sweeps every space, and with `audit` looks for what was never referenced. It may be stopped at any point and begun
 * again: spaces that have nothing due are passed by, an audit goes on where it was. Any number may run at once.
 * Where something cannot be read, nothing is deleted, `onAlarm` is told, and the others are swept.
 */
export async function runSweep(store: MailStore, options: SweepOptions = {}): Promise<SweepTally> {
  const run = new SweepRun(store, options);
  try {
    await run.mayDelete();
    const sinceMs = options.audit === true ? await beginAudit(run) : undefined;
    for await (const user of new Directory(store.ports.index).list()) {
      run.proceed();
      try {
        await sweepOne(run, user, sinceMs);
      } catch (error) {
        // The user was removed meanwhile: a later audit finds the tree closed.
        if (!(error instanceof StoreError && error.code === 'gone')) run.caught(`space of ${user.name}`, error);
      }
      options.onProgress?.(user.name, run.tally);
    }
    if (sinceMs !== undefined) {
      await auditShared(run, await auditIndex(run));
      await store.ports.index.delete(AUDIT);
    }
  } catch (error) {
    if (!(error instanceof SweepHeld)) throw error;
    run.tally.held = true;
  }
  return run.tally;
}

/**
 * Sweeps one space (Rules 9 to 12). Throws what keeps it from being read; nothing is deleted after that. With `audit` the
 * audit is made in any case.
 */
export async function sweepSpace(store: MailStore, owner: SpaceOwner, options: SweepOptions = {}): Promise<SweepTally> {
  const run = new SweepRun(store, options);
  try {
    await sweepOne(run, owner, options.audit === true ? Number.POSITIVE_INFINITY : undefined);
  } catch (error) {
    if (!(error instanceof SweepHeld)) throw error;
    run.tally.held = true;
  }
  return run.tally;
}

/** `auditSinceMs`: audit the space unless that was done since then. */
async function sweepOne(run: SweepRun, owner: SpaceOwner, auditSinceMs: number | undefined): Promise<void> {
  const state = await readState(run, owner);
  const audit = auditSinceMs !== undefined && state.auditedMs < auditSinceMs;
  if (run.nowMs < state.dueMs && !audit) return;
  await run.mayDelete();
  run.tally.spaces++;
  const startedMs = run.nowMs;
  // Nothing of the space is deleted until what leaves it is there (Rule 12); this is looked at again by the next sweep.
  if ((await finishCrossings(run, owner)) === 'under way') return;
  await finishDeletes(run, owner);
  const expungedMs = await sweepExpunged(run, owner);
  const deletedMs = await sweepDeleted(run, owner);
  await recountQuota(run, owner);
  if (audit) {
    await repairGrants(run, owner);
    await auditSpace(run, owner);
  }
  // What is expunged from now on is not due before then; a day at most, so that what others left is found.
  const dueMs = Math.min(expungedMs, deletedMs, startedMs + DAY_MS);
  const next: Item = { d: dueMs, a: audit ? startedMs : state.auditedMs };
  await run.context.index.put(sweepStateKey(owner.space), next);
}

async function readState(
  run: SweepRun,
  { space }: SpaceOwner,
): Promise<{ readonly dueMs: number; readonly auditedMs: number }> {
  const item = await run.context.index.get(sweepStateKey(space));
  const number = (value: unknown): number => (typeof value === 'number' ? value : -1);
  return { dueMs: number(item?.d), auditedMs: number(item?.a) };
}

async function beginAudit(run: SweepRun): Promise<number> {
  const result = await run.context.index.put(AUDIT, { t: run.nowMs }, 'absent');
  if (result.ok) return run.nowMs;
  return typeof result.current?.t === 'number' ? result.current.t : run.nowMs;
}
