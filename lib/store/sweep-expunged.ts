import type { Id } from '../base/ids.ts';
import { StoreError } from './errors.ts';
import { Moved } from './log-reader.ts';
import { purgeRecord } from './mailbox-records.ts';
import type { MailboxView } from './mailbox-view.ts';
import { finishMoves } from './move.ts';
import { deleteMessages } from './sweep-delete.ts';
import { SpaceMarks, spaceMailboxes } from './sweep-marks.ts';
import { keptGraves, rowsOf, withMailbox } from './sweep-rows.ts';
import type { SpaceOwner, SweepRun } from './sweep-run.ts';
import { UidSet } from './uid-set.ts';

/** Expunged messages whose time is over. */
interface Candidates {
  readonly blobs: Set<Id>;
  readonly uids: ReadonlyMap<Id, UidSet>;
  /** When the next ones will be due, as far as is known. */
  readonly dueMs: number;
  /** Mailboxes with MOVEs that have not come to their end. */
  readonly moving: readonly Id[];
  /** There are more than are compared at a time. */
  readonly more: boolean;
}

/**
 * Removes expunged messages past their delay (Rules 9 and 10), and ends MOVEs that were left: mark the whole space, purge them in their mailboxes, so that
 * from then on nobody can bring them back, look at what came meanwhile, delete what is still unreferenced. Answers when
 * there can be something to do again.
 */
export async function sweepExpunged(run: SweepRun, owner: SpaceOwner): Promise<number> {
  for (;;) {
    const { blobs, uids, dueMs, moving, more } = await collect(run, owner);
    for (const id of moving) await finishMovesOf(run, id);
    if (uids.size === 0) return dueMs;
    const marks = new SpaceMarks(run, owner);
    await marks.compare(blobs, (mailbox, uid) => uids.get(mailbox)?.has(uid) ?? false);
    await run.mayDelete();
    let purged = 0;
    for (const [mailbox, set] of uids) {
      const count = await purge(run, mailbox, set);
      if (count === undefined) marks.forget(mailbox);
      else purged += count;
    }
    run.tally.purged += purged;
    await marks.compareAgain(blobs);
    await deleteMessages(run, owner.space, blobs);
    if (!more || purged === 0) return dueMs;
  }
}

async function collect(run: SweepRun, owner: SpaceOwner): Promise<Candidates> {
  const cutoffMs = run.nowMs - run.keepMs;
  const blobs = new Set<Id>();
  const uids = new Map<Id, UidSet>();
  const moving: Id[] = [];
  let dueMs = run.nowMs + run.keepMs;
  for (const id of (await spaceMailboxes(run, owner)).all) {
    run.proceed();
    const room = run.rangeBlobs - blobs.size;
    if (room <= 0) return { blobs, uids, dueMs, moving, more: true };
    const found = await withMailbox(run.context, id, async (head, view) => {
      // A closed mailbox takes no purge; it goes as a whole.
      if (head.state !== 'open') return [];
      if (view.state.intents.size > 0) moving.push(id);
      const times = keptGraves(view).map(({ entry }) => entry.timeMs);
      for (const timeMs of times) if (timeMs > cutoffMs) dueMs = Math.min(dueMs, timeMs + run.keepMs);
      return times.some((timeMs) => timeMs <= cutoffMs) ? candidatesOf(run, view, cutoffMs, room) : [];
    });
    if (found === undefined || found.length === 0) continue;
    for (const { blob } of found) blobs.add(blob);
    uids.set(id, UidSet.of(...found.map(({ uid }) => uid)));
  }
  return { blobs, uids, dueMs, moving, more: blobs.size >= run.rangeBlobs };
}

async function candidatesOf(
  run: SweepRun,
  view: MailboxView,
  cutoffMs: number,
  room: number,
): Promise<{ readonly uid: number; readonly blob: Id }[]> {
  const found: { readonly uid: number; readonly blob: Id }[] = [];
  // What a MOVE under way names is about to be referenced at its destination (Rule 24).
  const moving = [...view.state.intents.values()].reduce((sum, { uids }) => sum.union(uids), UidSet.empty);
  for await (const rows of rowsOf(run.context, view, { expungedOnly: true })) {
    for (const { uid, blob, expungedMs } of rows) {
      if (expungedMs === undefined || expungedMs > cutoffMs || moving.has(uid)) continue;
      if (found.push({ uid, blob }) >= room) return found;
    }
  }
  return found;
}

/** Commits that the messages cannot be brought back any more; answers how many, undefined when the mailbox is closed. */
async function purge(run: SweepRun, mailbox: Id, wanted: UidSet): Promise<number | undefined> {
  try {
    const { reply } = await run.store.mailbox(mailbox).commit((view) => {
      const kept: number[] = [];
      for (const { uids } of keptGraves(view)) for (const uid of uids) if (wanted.has(uid)) kept.push(uid);
      if (kept.length === 0) return { reply: 0 };
      return { record: purgeRecord(UidSet.of(...kept)), reply: kept.length };
    });
    return reply;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'gone') return undefined;
    // The cached view met a snapshot that was tidied away; the next run begins with a fresh one.
    if (error instanceof Moved) throw new StoreError('unavailable', `mailbox ${mailbox} moved`, { cause: error });
    throw error;
  }
}

/** Ends MOVEs that their processes left (Rule 24). */
async function finishMovesOf(run: SweepRun, id: Id): Promise<void> {
  try {
    await finishMoves(run.store, run.store.mailbox(id));
  } catch (error) {
    // A refusal (the destination is full) leaves the messages where they are, and they are referenced there.
    if (!(error instanceof StoreError) || error.code === 'unavailable' || error.code === 'format') throw error;
  }
}
