import { type Id, idFromBytes } from '../base/ids.ts';
import { MESSAGES, summaryKey } from './keys.ts';
import { deleteMessages } from './sweep-delete.ts';
import { SpaceMarks, spaceMailboxes } from './sweep-marks.ts';
import { NOTE, OrphanNotes, ripeIds } from './sweep-notes.ts';
import { auditLog } from './sweep-pieces.ts';
import { blobIds, type SpaceOwner, type SweepRun, sortKeys } from './sweep-run.ts';

/**
 * Looks for what a space has and nothing references: blobs and summaries of deliveries that never committed, pieces of
 * snapshots that lost (Rules 7 and 9). They are noted, and go when an audit a grace later finds them so again.
 */
export async function auditSpace(run: SweepRun, owner: SpaceOwner): Promise<void> {
  // One range of ids at a time, each compared with the whole space: also when it holds nothing, because a space that
  // cannot be read must keep everything (Rule 11).
  let after: Id | undefined;
  let ids = new Set<Id>();
  for await (const id of storedMessages(run, owner.space)) {
    ids.add(id);
    if (ids.size < run.rangeBlobs) continue;
    await auditMessages(run, owner, ids, after, id);
    after = id;
    ids = new Set();
  }
  await auditMessages(run, owner, ids, after, undefined);
  await auditLog(run, 'T', owner.tree);
  for (const id of (await spaceMailboxes(run, owner)).all) await auditLog(run, 'M', id);
}

async function auditMessages(
  run: SweepRun,
  owner: SpaceOwner,
  ids: Set<Id>,
  after: Id | undefined,
  upTo: Id | undefined,
): Promise<void> {
  const marks = new SpaceMarks(run, owner);
  await marks.compare(ids);
  const notes = new OrphanNotes(run.context, owner.space, NOTE.message);
  const ripe = await ripeIds(run, notes, ids, after, upTo);
  if (ripe.size === 0) return;
  await marks.compareAgain(ripe);
  await deleteMessages(run, owner.space, ripe);
  await notes.remove(ripe);
}

/** Ids of all blobs and summaries of a space, ascending, each once: they lie in the order of their births. */
async function* storedMessages(run: SweepRun, space: Id): AsyncGenerator<Id, void, undefined> {
  const [blobs, summaries] = [blobIds(run.context, `${MESSAGES}${space}/`), summaryIds(run, space)];
  try {
    let [blob, summary] = await Promise.all([blobs.next(), summaries.next()]);
    while (!blob.done || !summary.done) {
      const id = blob.done || (!summary.done && summary.value < blob.value) ? summary.value : blob.value;
      if (id !== undefined) yield id;
      if (!blob.done && blob.value === id) blob = await blobs.next();
      if (!summary.done && summary.value === id) summary = await summaries.next();
    }
  } finally {
    await Promise.all([blobs.return(), summaries.return()]);
  }
}

async function* summaryIds(run: SweepRun, space: Id): AsyncGenerator<Id, void, undefined> {
  const { pk } = summaryKey(space, space);
  for await (const sks of sortKeys(run.context, pk)) {
    for (const sk of sks) if (sk.length === 16) yield idFromBytes(sk);
  }
}
