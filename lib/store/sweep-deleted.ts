import type { Id } from '../base/ids.ts';
import { closeMailbox } from './delete-mailbox.ts';
import { headKey } from './keys.ts';
import type { MailboxView } from './mailbox-view.ts';
import { deleteMailboxRest, deleteMessages } from './sweep-delete.ts';
import { readHeads, SpaceMarks, spaceMailboxes } from './sweep-marks.ts';
import { rowsOf, withMailbox } from './sweep-rows.ts';
import type { SpaceOwner, SweepRun } from './sweep-run.ts';
import { forgetDeletedRecord, unbindRecord } from './tree-records.ts';
import { INBOX } from './tree-view.ts';

/** Unbinds closed mailboxes whose DELETE did not come to its end (Rule 5). */
export async function finishDeletes(run: SweepRun, owner: SpaceOwner): Promise<void> {
  const tree = run.store.tree(owner.tree);
  const { view } = await tree.refresh();
  const bindings = [...view.state.bindings];
  const heads = await readHeads(
    run,
    bindings.map(([, { mailbox }]) => mailbox),
  );
  for (const [i, [name, { mailbox }]] of bindings.entries()) {
    if (heads[i]?.state !== 'closed' || name === INBOX) continue;
    await closeMailbox(run.store, mailbox);
    await tree.commit((now) =>
      now.binding(name)?.mailbox === mailbox ? { record: unbindRecord(name), reply: undefined } : { reply: undefined },
    );
  }
}

/** A mailbox that was deleted a grace ago, as it was when it was read. */
interface Dying {
  readonly id: Id;
  readonly rev: number;
  readonly view: MailboxView;
}

/**
 * Removes mailboxes that were deleted a grace ago: mark the rest of the space, delete the head (from then on nobody can
 * bring the mailbox back), compare with what came meanwhile, delete messages, pieces, records and claims, then let the
 * tree forget it. Answers when the next one is due.
 */
export async function sweepDeleted(run: SweepRun, owner: SpaceOwner): Promise<number> {
  const cutoffMs = run.nowMs - run.keepMs;
  const { deleted } = await spaceMailboxes(run, owner);
  const due = [...deleted].filter(([, timeMs]) => timeMs <= cutoffMs).map(([id]) => id);
  if (due.length > 0) {
    const gone: Id[] = [];
    const dying: Dying[] = [];
    for (const id of due) {
      const found = await withMailbox(run.context, id, async (head, view) => ({ id, rev: head.rev, head, view }));
      if (found === undefined) gone.push(id);
      else if (found.head.state === 'closed') dying.push(found);
      else run.alarm(`mailbox ${id} of ${owner.name}`, new Error('deleted, and open'));
    }
    gone.push(...(await removeMailboxes(run, owner, dying, gone)));
    for (const id of gone) await deleteMailboxRest(run, owner, id);
    await run.mayDelete();
    await run.store.tree(owner.tree).commit(({ state }) => {
      const forgotten = gone.filter((id) => state.deleted.has(id));
      return forgotten.length === 0
        ? { reply: undefined }
        : { record: forgetDeletedRecord(forgotten), reply: undefined };
    });
  }
  const later = [...deleted.values()].filter((timeMs) => timeMs > cutoffMs);
  return Math.min(run.nowMs, ...later) + run.keepMs;
}

/** Deletes the heads and what only these mailboxes reference; answers those whose head is gone now. */
async function removeMailboxes(
  run: SweepRun,
  owner: SpaceOwner,
  dying: readonly Dying[],
  headless: readonly Id[],
): Promise<readonly Id[]> {
  if (dying.length === 0) return [];
  const without = new Set([...dying.map(({ id }) => id), ...headless]);
  await new SpaceMarks(run, owner, without).compare(new Set());
  const removed: Dying[] = [];
  for (const one of dying) {
    await run.mayDelete();
    const result = await run.context.index.delete(headKey('M', one.id), { rev: one.rev });
    if (result.ok || result.current === undefined) removed.push(one);
    else without.delete(one.id); // It moved: somebody brought it back.
  }
  for await (const blobs of blobsOf(run, removed)) {
    await new SpaceMarks(run, owner, without).compare(blobs);
    await deleteMessages(run, owner.space, blobs);
  }
  return removed.map(({ id }) => id);
}

async function* blobsOf(run: SweepRun, mailboxes: readonly Dying[]): AsyncGenerator<Set<Id>, void, undefined> {
  let blobs = new Set<Id>();
  for (const { view } of mailboxes) {
    for await (const rows of rowsOf(run.context, view)) {
      for (const { blob } of rows) blobs.add(blob);
      if (blobs.size < run.rangeBlobs) continue;
      yield blobs;
      blobs = new Set();
    }
  }
  if (blobs.size > 0) yield blobs;
}
