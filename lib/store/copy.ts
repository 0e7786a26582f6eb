import type { Id } from '../base/ids.ts';
import { type OpenMailbox, requireRight } from './account.ts';
import { appendTo, countAppended, type MessageToAppend, markSeen, requireQuota, unseen } from './append.ts';
import { flagNames, parseFlagNames, permitted } from './flag-names.ts';
import type { MailboxView } from './mailbox-view.ts';
import { copyMessage } from './messages.ts';
import { personalView } from './private-seen.ts';
import { UidSet } from './uid-set.ts';

export interface Copied {
  readonly uidValidity: number;
  /** In step: the n-th source UID became the n-th destination UID (RFC 4315 §3). */
  readonly sourceUids: UidSet;
  readonly destinationUids: UidSet;
}

/**
 * COPY: one commit at the destination whatever the number, and no bytes within a space (Rule 24). Flags are kept as far as
 * the rights there allow. Errors: `no-permission`, `over-quota`, `too-many`, `gone`.
 */
export async function copyMessages(source: OpenMailbox, uids: UidSet, destination: OpenMailbox): Promise<Copied> {
  requireRight(source, 'r');
  requireRight(destination, 'i');
  await requireQuota(destination);
  // What is read now may be expunged and purged before it is committed (Rule 9).
  const begunMs = source.store.clock.now();
  const view = await personalView(source);
  const present = view.present(uids);
  if (present.isEmpty) return { uidValidity: destination.uidValidity, sourceUids: present, destinationUids: present };
  const wanted = await toAppend(source, view, present, destination);
  const messages = destination.privateSeen ? wanted.map(unseen) : wanted;
  const { reply: firstUid } = await destination.mailbox.commit(
    (at) => {
      const { record, firstUid: first } = appendTo(at, messages, false);
      return { record, reply: first };
    },
    { begunMs },
  );
  countAppended(destination, messages);
  await markSeen(destination, wanted, firstUid);
  const destinationUids = UidSet.fromRanges([[firstUid, firstUid + messages.length - 1]]);
  return { uidValidity: destination.uidValidity, sourceUids: present, destinationUids };
}

/** The messages as they will be at the destination: the same blobs, or copies where the space is another (Rule 12). */
export async function toAppend(
  source: Pick<OpenMailbox, 'mailbox' | 'store' | 'space'>,
  view: MailboxView,
  uids: UidSet,
  destination: Pick<OpenMailbox, 'space' | 'rights'>,
): Promise<MessageToAppend[]> {
  const rows = await source.mailbox.cold(view, uids);
  const context = source.store.context;
  const messages: MessageToAppend[] = [];
  const names = new Map<bigint, MessageToAppend['flags']>();
  for (const [uid, row] of rows) {
    const bits = view.bitsOf(uid) ?? 0n;
    let flags = names.get(bits);
    if (flags === undefined) {
      flags = permitted(parseFlagNames(flagNames(view, bits)), destination.rights);
      names.set(bits, flags);
    }
    const blob: Id =
      source.space === destination.space
        ? row.blob
        : await copyMessage(context, source.space, destination.space, row.blob);
    messages.push({ blob, sizeBytes: row.sizeBytes, internalDate: row.internalDate, flags });
  }
  return messages;
}
