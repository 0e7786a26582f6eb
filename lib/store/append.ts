import { type Id, idTimeMs } from '../base/ids.ts';
import { type OpenMailbox, requireRight } from './account.ts';
import { requireRoom } from './annotate.ts';
import { type AnnotationGroup, type AnnotationValues, annotatedAppendRecord } from './annotation-records.ts';
import type { Appendable } from './append-view.ts';
import { StoreError } from './errors.ts';
import { type FlagNames, parseFlagNames, permitted, toFlags } from './flag-names.ts';
import { SEEN } from './flag-sets.ts';
import { appendRecord, type NewMessage } from './mailbox-records.ts';
import type { MailboxView } from './mailbox-view.ts';
import { setPrivateSeen } from './overlay.ts';
import { isOverQuota } from './quota.ts';
import type { RecordDraft } from './record.ts';
import { UidSet } from './uid-set.ts';

/** Messages per mailbox. */
export const MAX_MESSAGES = 2_000_000;
const MAX_UID = 2 ** 32 - 2;

/** A stored message about to be given a UID. */
export interface MessageToAppend {
  readonly blob: Id;
  readonly sizeBytes: number;
  /** INTERNALDATE, seconds since 1970. */
  readonly internalDate: number;
  readonly flags: FlagNames;
  /** Its annotations (RFC 5257). */
  readonly annotations?: AnnotationValues | undefined;
}

/** A message with its flags as the client names them. */
export type NamedMessage = Omit<MessageToAppend, 'flags'> & { readonly flags: readonly string[] };

export interface Appended {
  readonly uidValidity: number;
  readonly firstUid: number;
  readonly count: number;
}

/**
 * The record that appends the messages to the view; a pure function for commits (Rule 4). `too-many`: the mailbox is full.
 */
export function appendTo(
  view: Appendable,
  messages: readonly MessageToAppend[],
  delivered: boolean,
): { readonly record: RecordDraft; readonly firstUid: number } {
  const firstUid = view.state.uidNext;
  if (view.exists + messages.length > MAX_MESSAGES || firstUid + messages.length > MAX_UID) {
    throw new StoreError('too-many', `a mailbox has at most ${MAX_MESSAGES} messages`);
  }
  const { newKeywords } = toFlags(view, { system: 0, keywords: messages.flatMap(({ flags }) => flags.keywords) });
  const table = [...view.state.keywords, ...newKeywords].map((name) => name.toLowerCase());
  const rows: NewMessage[] = messages.map(({ blob, sizeBytes, internalDate, flags }) => ({
    blob,
    sizeBytes,
    internalDate,
    flags: {
      system: flags.system,
      keywords: [...new Set(flags.keywords.map((name) => table.indexOf(name.toLowerCase())))].sort((a, b) => a - b),
    },
  }));
  const record = appendRecord({ firstUid, newKeywords, messages: rows, delivered });
  const groups = annotationGroups(messages, firstUid);
  if (groups.length === 0) return { record, firstUid };
  return { record: annotatedAppendRecord({ append: record.body, groups }), firstUid };
}

/** The same of messages that may have annotations; `too-many` when they, or the mailbox, would have too many. */
export function appendAnnotated(
  view: MailboxView,
  messages: readonly MessageToAppend[],
  delivered: boolean,
): ReturnType<typeof appendTo> {
  const appended = appendTo(view, messages, delivered);
  requireRoom(view.state.annotations, annotationGroups(messages, appended.firstUid));
  return appended;
}

function annotationGroups(messages: readonly MessageToAppend[], firstUid: number): AnnotationGroup[] {
  return messages.flatMap(({ annotations }, i) =>
    annotations === undefined || annotations.size === 0
      ? []
      : [{ uids: UidSet.fromSorted([firstUid + i]), values: annotations }],
  );
}

/**
 * APPEND, and MULTIAPPEND as one commit (RFC 3502): the messages are stored, now they get their UIDs.
 * Errors: `no-permission`, `over-quota`, `too-many`, `gone`, `unavailable`.
 */
export async function append(open: OpenMailbox, messages: readonly NamedMessage[]): Promise<Appended> {
  requireRight(open, 'i');
  await requireQuota(open);
  const wanted = permittedMessages(open, messages);
  const shared = open.privateSeen ? wanted.map(unseen) : wanted;
  const { reply: firstUid } = await open.mailbox.commit(
    (view) => {
      const { record, firstUid: first } = appendAnnotated(view, shared, false);
      return { record, reply: first };
    },
    { begunMs: begunWith(messages) },
  );
  countAppended(open, messages);
  await markSeen(open, wanted, firstUid);
  return { uidValidity: open.uidValidity, firstUid, count: messages.length };
}

/** The messages with as many of their flags as the user may give. */
export function permittedMessages({ rights }: OpenMailbox, messages: readonly NamedMessage[]): MessageToAppend[] {
  return messages.map((message) => ({ ...message, flags: permitted(parseFlagNames(message.flags), rights) }));
}

/** The message as others see it. */
export function unseen(message: MessageToAppend): MessageToAppend {
  return { ...message, flags: { ...message.flags, system: message.flags.system & ~SEEN } };
}

/** Where \Seen is private, whoever appended messages that have it has seen them (Rule 16). */
export async function markSeen(
  open: OpenMailbox,
  messages: readonly MessageToAppend[],
  firstUid: number,
): Promise<void> {
  if (!open.privateSeen) return;
  const seen = messages.flatMap(({ flags }, i) => ((flags.system & SEEN) === 0 ? [] : [firstUid + i]));
  if (seen.length === 0) return;
  const add = UidSet.fromSorted(seen);
  await setPrivateSeen(open, () => ({ add, remove: UidSet.empty }));
}

/** When the first of the messages, which nothing refers to yet, was begun to be stored (Rule 9). */
export function begunWith(messages: readonly { readonly blob: Id }[]): number {
  return messages.reduce((least, { blob }) => Math.min(least, idTimeMs(blob)), Number.POSITIVE_INFINITY);
}

/** `over-quota` when the mailbox's root is at its limit; the message that crosses it is accepted (Rule 19). */
export async function requireQuota(open: OpenMailbox): Promise<void> {
  const root = open.quotaRoot;
  if (root === undefined || (root.storageKib === undefined && root.messages === undefined)) return;
  if (isOverQuota(root, await open.store.quota.usage(root))) throw new StoreError('over-quota', 'Quota exceeded');
}

export function countAppended(open: OpenMailbox, messages: readonly { readonly sizeBytes: number }[]): void {
  const bytes = messages.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  open.store.quota.add(open.quotaRoot, open.space, bytes, messages.length);
}
