import type { Id } from '../base/ids.ts';
import type { EditedMessage } from '../sieve/actions.ts';
import { deliveredOrigin } from '../store/blob-origin.ts';
import { type DeliveryOutcome, deliverOnce } from '../store/claims.ts';
import { StoreError } from '../store/errors.ts';
import { SEEN } from '../store/flag-sets.ts';
import type { MailStore } from '../store/mail-store.ts';
import { markName, putMark } from '../store/marks.ts';
import { copyMessage, messageStream, type StoredMessage, storeMessage } from '../store/messages.ts';
import { isOverQuota } from '../store/quota.ts';
import type { Decision, Storing } from './decision.ts';
import type { MessageReports, RecipientReports } from './ports.ts';
import type { RecipientState } from './recipients.ts';

/** A message on its way to one recipient. */
export interface Incoming {
  readonly state: RecipientState;
  /** As given in RCPT TO. */
  readonly address: string;
  readonly sender: string;
  /** What the sender has said of reports. */
  readonly reports?: (RecipientReports & MessageReports) | undefined;
  readonly stored: StoredMessage;
  /** Resolves when `stored` can be read; it can already, when not given. */
  readonly written?: Promise<void> | undefined;
  /** 32 bytes: the same when the sender tries again (Rule 13). */
  readonly deliveryId: Buffer;
  /** 32 bytes that every copy of the message shares; undefined: nothing to suppress by. */
  readonly messageKey: Buffer | undefined;
  readonly suppressMs: number;
}

/** Where a message went. */
export interface Stored {
  readonly mailbox: string;
  readonly outcome: DeliveryOutcome;
}

/**
 * Puts the message into the mailboxes of a decision: one claim for each (Rule 13), so that a retry finds what was done and
 * does the rest. Errors as {@link deliverOnce}, and `over-quota` for a mailbox under another root than INBOX.
 */
export async function storeCopies(
  store: MailStore,
  incoming: Incoming,
  stores: readonly Storing[],
): Promise<readonly Stored[]> {
  const done: Stored[] = [];
  for (const storing of stores) done.push(await storeCopy(store, incoming, storing));
  return done;
}

async function storeCopy(store: MailStore, incoming: Incoming, storing: Storing): Promise<Stored> {
  const { state, written, deliveryId, messageKey, suppressMs } = incoming;
  const { target } = storing;
  const { quotaRoot } = target;
  if (quotaRoot !== undefined && quotaRoot.id !== state.quotaRoot?.id) {
    if (isOverQuota(quotaRoot, await store.quota.usage(quotaRoot))) throw new StoreError('over-quota', 'Over quota');
  }
  const { blob, sizeBytes } = await bytesFor(store, incoming, storing);
  const flags = target.isForeign ? { ...storing.flags, system: storing.flags.system & ~SEEN } : storing.flags;
  const message = { blob, sizeBytes, internalDate: Math.floor(store.clock.now() / 1000), flags };
  const delivering = { deliveryId, messageKey, suppressMs, message, written };
  let outcome: DeliveryOutcome;
  try {
    outcome = await deliverOnce(store, target.mailbox, delivering);
  } catch (error) {
    const tooMany = error instanceof StoreError && error.code === 'too-many' && flags.keywords.length > 0;
    if (!tooMany) throw error;
    // The mailbox has all the keywords it can have: the message matters more than its own.
    const plain = { ...message, flags: { ...flags, keywords: [] } };
    outcome = await deliverOnce(store, target.mailbox, { ...delivering, message: plain });
  }
  if (outcome === 'delivered') store.quota.add(quotaRoot, target.space, sizeBytes, 1);
  return { mailbox: target.path, outcome };
}

/** The bytes to put into the target: those that came, unless they are another space's or were edited. */
async function bytesFor(
  store: MailStore,
  { state, stored, written, sender, address }: Incoming,
  { target, edited }: Storing,
): Promise<{ readonly blob: Id; readonly sizeBytes: number }> {
  if (edited !== undefined && isWhole(stored)) {
    await written;
    const bytes = editedBytes(store, state.user.space, stored, edited);
    return storeMessage(store.context, [target.space], bytes, deliveredOrigin(sender, [address]));
  }
  if (target.space === state.user.space) return stored;
  await written;
  // Rule 12: a crossing after birth copies the object.
  const blob = await copyMessage(store.context, state.user.space, target.space, stored.blob);
  return { blob, sizeBytes: stored.sizeBytes };
}

/** Whether all of the header was kept: of one that was cut, a script has seen a part, and may not change the rest. */
export function isWhole({ header, summary }: StoredMessage): boolean {
  return header.length === summary.headerBytes;
}

/** The message as a script has left it. */
export async function* editedBytes(
  store: MailStore,
  space: Id,
  { blob, summary, sizeBytes }: StoredMessage,
  { header, body }: EditedMessage,
): AsyncGenerator<Uint8Array> {
  yield header;
  if (body !== undefined) yield body;
  else yield* await messageStream(store.context, space, blob, { start: summary.headerBytes, end: sizeBytes });
}

/** Puts the marks of a decision, after all else was done (Rule 14). */
export async function remember(
  store: MailStore,
  { state, deliveryId }: Incoming,
  { remembers }: Decision,
): Promise<void> {
  for (const { handle, id, seconds, last } of remembers) {
    const untilMs = store.clock.now() + seconds * 1000;
    await putMark(store, state.user.id, markName('seen', handle, id), { deliveryId, untilMs, renew: last });
  }
}
