import { type Id, idIsShared } from '../base/ids.ts';
import type { LogLetter } from './keys.ts';
import { claimKey, logPk, messageBlobKey, overlayKey, PIECES, summaryKey, sweepPk } from './keys.ts';
import type { SpaceOwner, SweepRun } from './sweep-run.ts';

/**
 * Deletes messages that nothing in the space references. A blob that other spaces may hold is only let go: it is deleted
 * when nobody has held it for the grace (Rule 12). The summary goes last: it is what still names a blob after a crash.
 */
export async function deleteMessages(run: SweepRun, space: Id, blobs: Iterable<Id>): Promise<void> {
  const all = [...blobs];
  const own = all.filter((blob) => !idIsShared(blob));
  await run.deleteBlobs(own.map((blob) => messageBlobKey(space, blob)));
  // Of a shared one they are what the space holds it by.
  await run.deleteItems(all.map((blob) => summaryKey(space, blob)));
  run.tally.blobs += all.length;
}

/** Deletes all that a log is made of; the head only when asked, and last. */
export async function deleteLog(run: SweepRun, letter: LogLetter, id: Id, withHead: boolean): Promise<void> {
  run.tally.pieces += await run.deletePrefix(`${PIECES}${id}/`);
  const pk = logPk(letter, id);
  const isHead = (sk: Buffer): boolean => sk.toString('latin1') === 'H';
  run.tally.pieces += await run.deletePartition(pk, isHead);
  if (withHead) await run.deletePartition(pk);
  await run.deletePartition(sweepPk(id));
}

/** Deletes what a mailbox without a head has left: log, claims, its owner's private state. */
export async function deleteMailboxRest(run: SweepRun, owner: Pick<SpaceOwner, 'id'>, id: Id): Promise<void> {
  await deleteLog(run, 'M', id, false);
  await run.deletePartition(claimKey(id, Buffer.of(0)).pk);
  await run.deleteItems([overlayKey(owner.id, id)]);
  run.tally.mailboxes++;
}
