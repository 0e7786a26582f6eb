import { type Id, idIsShared } from '../base/ids.ts';
import { CHECKPOINTS, headKey, holderKey, logPk, MESSAGES, markKey, quotaKey, summaryKey, sweepPk } from './keys.ts';
import { catchUp, withHead } from './log-reader.ts';
import { deleteLog, deleteMailboxRest } from './sweep-delete.ts';
import { rowsOf, withMailbox } from './sweep-rows.ts';
import type { SweepRun } from './sweep-run.ts';
import { treeType } from './tree-snapshot.ts';

/**
 * Removes the tree of a removed user with all that is in its space; the tree's head goes last, so that a crash leaves
 * something from which the next run goes on. The caller knows that nobody names the tree.
 */
export async function removeTree(run: SweepRun, tree: Id): Promise<void> {
  const found = await withHead(run.context, 'T', tree, async (head) => {
    const { view } = await catchUp(run.context, treeType(run.context), tree, head, undefined);
    return { head, state: view.state };
  });
  if (found === undefined || found.head.state !== 'closed') return;
  const { space, owner: user } = found.head;
  const mailboxes = new Set([
    ...[...found.state.bindings.values()].map(({ mailbox }) => mailbox),
    ...found.state.deleted.keys(),
  ]);
  for (const id of mailboxes) {
    await letGoOfShared(run, space, id);
    await run.deleteItems([headKey('M', id)]);
    await deleteMailboxRest(run, { id: user }, id);
  }
  run.tally.blobs += await run.deletePrefix(`${MESSAGES}${space}/`);
  await run.deletePartition(summaryKey(space, space).pk);
  await deletePrivate(run, user);
  await run.deletePartition(sweepPk(space));
  await run.deleteItems([...found.state.quotaRoots.values()].map(({ id }) => quotaKey(id, space)));
  await run.deletePrefix(`${CHECKPOINTS}${tree}/`);
  await deleteLog(run, 'T', tree, true);
  run.tally.trees++;
}

async function letGoOfShared(run: SweepRun, space: Id, mailbox: Id): Promise<void> {
  await withMailbox(run.context, mailbox, async (_head, view) => {
    for await (const rows of rowsOf(run.context, view)) {
      const shared = rows.filter(({ blob }) => idIsShared(blob));
      await run.deleteItems(shared.map(({ blob }) => holderKey(blob, space)));
    }
  });
}

/** A user's own state of mailboxes everywhere, and what vacation and the like remember. */
async function deletePrivate(run: SweepRun, user: Id): Promise<void> {
  await run.deletePartition(logPk('O', user));
  await run.deletePrefix(`p/${user}/`);
  await run.deletePartition(markKey(user, Buffer.of(0)).pk);
}
