import type { Id } from '../base/ids.ts';
import { type OpenMailbox, requireRight } from './account.ts';
import { annotationSeenBy, MAX_ANNOTATIONS_AT_ONCE_BYTES } from './annotate.ts';
import type { AnnotationValues } from './annotation-records.ts';
import { appendAnnotated, countAppended, type MessageToAppend, markSeen, requireQuota, unseen } from './append.ts';
import { StoreError } from './errors.ts';
import { flagNames, parseFlagNames, permitted } from './flag-names.ts';
import type { MailboxView } from './mailbox-view.ts';
import { copyMessage } from './messages.ts';
import { personalView } from './private-seen.ts';
import { hasRight } from './rights.ts';
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
  const wanted = await toAppend(source, view, present, destination, source.account.user.id);
  const messages = destination.privateSeen ? wanted.map(unseen) : wanted;
  const { reply: firstUid } = await destination.mailbox.commit(
    (at) => {
      const { record, firstUid: first } = appendAnnotated(at, messages, false);
      return { record, reply: first };
    },
    { begunMs },
  );
  countAppended(destination, messages);
  await markSeen(destination, wanted, firstUid);
  const destinationUids = UidSet.fromRanges([[firstUid, firstUid + messages.length - 1]]);
  return { uidValidity: destination.uidValidity, sourceUids: present, destinationUids };
}

/**
 * The messages as they will be at the destination: the same blobs, or copies where the space is another (Rule 12), with
 * shared annotations and those of the user, as far as the rights there allow (RFC 5257 §4.6).
 */
export async function toAppend(
  source: Pick<OpenMailbox, 'mailbox' | 'store' | 'space'>,
  view: MailboxView,
  uids: UidSet,
  destination: Pick<OpenMailbox, 'space' | 'rights'>,
  user: Id | undefined,
): Promise<MessageToAppend[]> {
  const rows = await source.mailbox.cold(view, uids);
  const context = source.store.context;
  const annotations = await annotationsToCopy(source, view, uids, destination, user);
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
    messages.push({
      blob,
      sizeBytes: row.sizeBytes,
      internalDate: row.internalDate,
      flags,
      annotations: annotations.get(uid),
    });
  }
  return messages;
}

async function annotationsToCopy(
  source: Pick<OpenMailbox, 'mailbox'>,
  view: MailboxView,
  uids: UidSet,
  { rights }: Pick<OpenMailbox, 'rights'>,
  user: Id | undefined,
): Promise<ReadonlyMap<number, AnnotationValues>> {
  if (view.state.annotations.sizes.size === 0) return new Map();
  const copied = new Map<number, AnnotationValues>();
  let bytes = 0;
  for (const [uid, values] of await source.mailbox.annotations(view, uids)) {
    const kept = [...values].filter(([key]) => {
      const seen = annotationSeenBy(user ?? '', key);
      return seen !== undefined && hasRight(rights, seen.scope === 'shared' ? 'n' : 'r');
    });
    if (kept.length > 0) copied.set(uid, new Map(kept));
    for (const [, value] of kept) bytes += value.length;
    if (bytes > MAX_ANNOTATIONS_AT_ONCE_BYTES) {
      throw new StoreError('too-many', 'The annotations of so many messages cannot be copied at once');
    }
  }
  return copied;
}
