import { type OpenMailbox, requireRight } from './account.ts';
import { Unprepared } from './commit-plan.ts';
import { DELETED } from './flag-sets.ts';
import { type ExpungeReason, expungeRecord } from './mailbox-records.ts';
import type { MailboxView } from './mailbox-view.ts';
import { UidSet } from './uid-set.ts';

/** The messages of the set (all without one) that have `\Deleted`. */
export function deletedIn(view: MailboxView, among: UidSet | undefined): UidSet {
  const { flagSets } = view.state;
  const uids: number[] = [];
  view.forEach(among, (uid, flagIndex) => {
    if ((flagSets.systemAt(flagIndex) & DELETED) !== 0) uids.push(uid);
  });
  return UidSet.fromSorted(uids);
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
  const { reply } = await open.mailbox.commit(
    (view) => {
      const uids = choose(view);
      let sizeBytes = 0;
      for (const uid of uids) {
        const row = view.coldOf(uid);
        if (row === undefined) throw new Unprepared(`data of UID ${uid}`);
        sizeBytes += row.sizeBytes;
      }
      const reply = { uids, sizeBytes };
      const ends = intent !== undefined && view.state.intents.has(intent.toString('hex'));
      if (uids.isEmpty && !ends) return { reply };
      return { record: expungeRecord({ reason, uids, sizeBytes, intent }), reply };
    },
    { prepare: (view) => open.mailbox.loadCold(view, choose(view)) },
  );
  open.store.quota.add(open.quotaRoot, open.space, -reply.sizeBytes, -reply.uids.size);
  return reply.uids;
}
