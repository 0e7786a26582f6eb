import { type OpenMailbox, requireRight } from './account.ts';
import { Unprepared } from './commit-plan.ts';
import { DELETED } from './flag-sets.ts';
import { type ExpungeReason, expungeRecord } from './mailbox-records.ts';
import type { MailboxView } from './mailbox-view.ts';
import { UidSet } from './uid-set.ts';

/** The messages of the set (all without one) that have `\Deleted`. */
export function deletedIn(view: MailboxView, among: UidSet | undefined): UidSet {
  const { flagSets, blocks } = view.state;
  const found: number[] = [];
  // How many there are is known: when all are found, the other messages need not be looked at.
  let left = view.state.deleted;
  for (const { uids, flags } of blocks) {
    for (let row = 0; row < uids.length && left > 0; row++) {
      if ((flagSets.systemAt(flags[row] as number) & DELETED) === 0) continue;
      left--;
      const uid = uids[row] as number;
      if (among === undefined || among.has(uid)) found.push(uid);
    }
    if (left === 0) break;
  }
  return UidSet.fromSorted(found);
}

/** EXPUNGE and UID EXPUNGE: one record whatever the number; answers what is gone. Needs the right e. */
export async function expunge(open: OpenMailbox, among?: UidSet): Promise<UidSet> {
  requireRight(open, 'e');
  return removeMessages(open, (view) => deletedIn(view, among), 'expunge');
}

/** Expunges what `choose` picks of the view that the commit rests on. Their bytes leave the quota (Rule 19). */
export async function removeMessages(
  open: Pick<OpenMailbox, 'mailbox' | 'store' | 'quotaRoot' | 'space'>,
  choose: (view: MailboxView) => UidSet,
  reason: ExpungeReason,
  intent?: Buffer,
): Promise<UidSet> {
  let last: { readonly view: MailboxView; readonly uids: UidSet } | undefined;
  const chosen = (view: MailboxView): UidSet => {
    if (last?.view !== view) last = { view, uids: choose(view) };
    return last.uids;
  };
  const { reply } = await open.mailbox.commit(
    (view) => {
      const uids = chosen(view);
      let sizeBytes = 0;
      for (const uid of uids) {
        const size = view.sizeOf(uid);
        if (size === undefined) throw new Unprepared(`data of UID ${uid}`);
        sizeBytes += size;
      }
      const reply = { uids, sizeBytes };
      const ends = intent !== undefined && view.state.intents.has(intent.toString('hex'));
      if (uids.isEmpty && !ends) return { reply };
      return { record: expungeRecord({ reason, uids, sizeBytes, intent }), reply };
    },
    { prepare: (view) => open.mailbox.loadCold(view, chosen(view)) },
  );
  open.store.quota.add(open.quotaRoot, open.space, -reply.sizeBytes, -reply.uids.size);
  return reply.uids;
}
