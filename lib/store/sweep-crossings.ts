import { finishCrossing } from './change-space.ts';
import { StoreError } from './errors.ts';
import { readHeads } from './sweep-marks.ts';
import type { SpaceOwner, SweepRun } from './sweep-run.ts';

/** Goes on with mailboxes that are on their way into another space (Rule 12); `under way`: some are still. */
export async function finishCrossings(run: SweepRun, owner: SpaceOwner): Promise<'none' | 'under way'> {
  const { view } = await run.store.tree(owner.tree).refresh();
  const mailboxes = [...view.state.bindings.values()].map(({ mailbox }) => mailbox);
  const heads = await readHeads(run, mailboxes);
  let underWay = false;
  for (const [i, source] of mailboxes.entries()) {
    const destination = heads[i]?.movesTo;
    if (destination === undefined) continue;
    try {
      if ((await finishCrossing(run.store, source, destination)) !== undefined) underWay = true;
    } catch (error) {
      // A refusal leaves the mailbox where it is.
      if (!(error instanceof StoreError) || error.code === 'unavailable' || error.code === 'format') throw error;
    }
  }
  return underWay ? 'under way' : 'none';
}
