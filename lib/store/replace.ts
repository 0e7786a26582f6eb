import { type OpenMailbox, requireRight } from './account.ts';
import {
  type Appended,
  append,
  appendTo,
  begunWith,
  countAppended,
  markSeen,
  type NamedMessage,
  permittedMessages,
  requireQuota,
  unseen,
} from './append.ts';
import { Unprepared } from './commit-plan.ts';
import { StoreError } from './errors.ts';
import { removeMessages } from './expunge.ts';
import { expungeRecord, replaceRecord } from './mailbox-records.ts';
import { UidSet } from './uid-set.ts';

/**
 * REPLACE (RFC 8508): the stored message comes and the one with the UID goes. Within a mailbox that is one record; into
 * another mailbox, the old one goes after the new one is there. Needs the rights t and e, and i at the destination. Errors:
 * `expunged` when the old message is gone already (then nothing is appended), and those of an append.
 */
export async function replaceMessage(
  source: OpenMailbox,
  uid: number,
  destination: OpenMailbox,
  message: NamedMessage,
): Promise<Appended> {
  requireRight(source, 't');
  requireRight(source, 'e');
  requireRight(destination, 'i');
  const old = UidSet.fromSorted([uid]);
  const { view } = await source.mailbox.refresh();
  const row = (await source.mailbox.cold(view, view.present(old))).get(uid);
  if (row === undefined) throw expunged();
  const within = source.mailbox === destination.mailbox;
  if (!within) {
    const appended = await append(destination, [message]);
    await removeMessages(source, (now) => now.present(old), 'expunge');
    return appended;
  }
  // What gets no larger takes no room: drafts can be worked on in a full account.
  if (message.sizeBytes > row.sizeBytes) await requireQuota(destination);
  const wanted = permittedMessages(destination, [message]);
  const shared = destination.privateSeen ? wanted.map(unseen) : wanted;
  const { reply: firstUid } = await source.mailbox.commit(
    (now) => {
      if (!now.has(uid)) throw expunged();
      if (now.sizeOf(uid) === undefined) throw new Unprepared(`data of UID ${uid}`);
      const { record, firstUid: first } = appendTo(now, shared, false);
      const gone = expungeRecord({ reason: 'expunge', uids: old, sizeBytes: row.sizeBytes, intent: undefined });
      return { record: replaceRecord({ append: record.body, expunge: gone.body }), reply: first };
    },
    {
      begunMs: begunWith([message]),
      prepare: (now) => source.mailbox.loadCold(now, now.present(old)),
    },
  );
  countAppended(destination, wanted);
  source.store.quota.add(source.quotaRoot, source.space, -row.sizeBytes, -1);
  await markSeen(destination, wanted, firstUid);
  return { uidValidity: destination.uidValidity, firstUid, count: 1 };
}

function expunged(): StoreError {
  return new StoreError('expunged', 'The message is gone already');
}
