import { type Id, idFromBytes } from '../base/ids.ts';
import { Directory } from './directory.ts';
import { holderKey, holdersBlobKey, messageBlobKey, SHARED_MESSAGES } from './keys.ts';
import { deleteMessages } from './sweep-delete.ts';
import { SpaceMarks } from './sweep-marks.ts';
import { NOTE, OrphanNotes, ripeIds } from './sweep-notes.ts';
import { blobIds, type SweepRun, sortKeys } from './sweep-run.ts';

/** Owner of the notes about blobs that nobody holds; no id is zero. */
const SHARED = '0'.repeat(32) as Id;
const AT_ONCE = 32;

/**
 * Shared blobs (Rule 12): a space that no longer names one is no holder any more; one that nobody holds goes, both when two
 * audits a grace apart found it so. `unowned`: spaces that are being kept although no user has them.
 */
export async function auditShared(run: SweepRun, unowned: ReadonlySet<Id>): Promise<void> {
  let after: Id | undefined;
  let range: Id[] = [];
  let held = 0;
  let holders = new Map<Id, Set<Id>>();
  let unheld = new Set<Id>();
  const settle = async (upTo: Id | undefined): Promise<void> => {
    await auditHolders(run, unowned, holders, after, upTo);
    await auditUnheld(run, unheld, after, upTo);
    after = upTo;
    [range, held, holders, unheld] = [[], 0, new Map(), new Set()];
  };
  const look = async (): Promise<void> => {
    const found = await Promise.all(range.map((blob) => holdersOf(run, blob)));
    for (const [i, blob] of range.entries()) {
      const spaces = found[i] ?? [];
      if (spaces.length === 0) unheld.add(blob);
      for (const space of spaces) holders.set(space, (holders.get(space) ?? new Set()).add(blob));
      held += Math.max(1, spaces.length);
    }
    range = [];
  };
  for await (const blob of blobIds(run.context, SHARED_MESSAGES)) {
    range.push(blob);
    if (range.length < AT_ONCE) continue;
    await look();
    if (held >= run.rangeBlobs) await settle(blob);
  }
  await look();
  await settle(undefined);
}

async function holdersOf(run: SweepRun, blob: Id): Promise<Id[]> {
  const spaces: Id[] = [];
  for await (const sks of sortKeys(run.context, holderKey(blob, blob).pk)) spaces.push(...sks.map(idFromBytes));
  return spaces;
}

async function auditHolders(
  run: SweepRun,
  unowned: ReadonlySet<Id>,
  holders: Map<Id, Set<Id>>,
  after: Id | undefined,
  upTo: Id | undefined,
): Promise<void> {
  for await (const owner of new Directory(run.context.index).list()) {
    const blobs = holders.get(owner.space) ?? new Set();
    holders.delete(owner.space);
    try {
      const marks = new SpaceMarks(run, owner);
      if (blobs.size > 0) await marks.compare(blobs);
      const notes = new OrphanNotes(run.context, owner.space, NOTE.holder);
      const ripe = await ripeIds(run, notes, blobs, after, upTo);
      await marks.compareAgain(ripe);
      await deleteMessages(run, owner.space, ripe);
      await notes.remove(ripe);
    } catch (error) {
      run.caught(`space of ${owner.name}`, error);
    }
  }
  // Whoever is left is nobody's space: its user was removed while a delivery was under way.
  for (const [space, blobs] of holders) {
    if (unowned.has(space)) continue;
    const notes = new OrphanNotes(run.context, space, NOTE.holder);
    const ripe = await ripeIds(run, notes, blobs, after, upTo);
    await deleteMessages(run, space, ripe);
    await notes.remove(ripe);
  }
}

async function auditUnheld(run: SweepRun, unheld: Set<Id>, after: Id | undefined, upTo: Id | undefined): Promise<void> {
  const notes = new OrphanNotes(run.context, SHARED, NOTE.unheld);
  const ripe = await ripeIds(run, notes, unheld, after, upTo);
  for (const blob of ripe) if ((await holdersOf(run, blob)).length > 0) ripe.delete(blob);
  await run.deleteBlobs([...ripe].flatMap((blob) => [messageBlobKey(blob, blob), holdersBlobKey(blob)]));
  run.tally.blobs += ripe.size;
  await notes.remove(ripe);
}
