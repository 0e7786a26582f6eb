import { randomBytes } from 'node:crypto';
import type { Id } from '../base/ids.ts';
import { type OpenMailbox, requireRight } from './account.ts';
import { appendedBy } from './annotation-records.ts';
import { appendAnnotated, countAppended, type MessageToAppend, markSeen, requireQuota, unseen } from './append.ts';
import { AlreadyCommitted, type Base } from './commit-plan.ts';
import { findCommitted } from './committed-before.ts';
import { type Copied, toAppend } from './copy.ts';
import { StoreError, type StoreErrorCode } from './errors.ts';
import { removeMessages } from './expunge.ts';
import type { Head } from './head.ts';
import type { MailStore } from './mail-store.ts';
import type { Mailbox } from './mailbox.ts';
import { moveEndRecord, moveIntentRecord } from './mailbox-records.ts';
import type { MailboxView, MoveIntent } from './mailbox-view.ts';
import { personalView } from './private-seen.ts';
import { NONCE_BYTES } from './record.ts';
import { ALL_RIGHTS } from './rights.ts';
import { UidSet } from './uid-set.ts';

/** An intent older than this is finished by whoever finds it (Rule 24). */
export const INTENT_MS = 60_000;

/**
 * MOVE (RFC 6851): an intent at the source, the append at the destination under the intent's nonce, the expunge at the
 * source. A crash at any step leaves an intent that {@link finishMoves} brings to its end.
 */
export async function moveMessages(source: OpenMailbox, uids: UidSet, destination: OpenMailbox): Promise<Copied> {
  requireRight(source, 'r');
  requireRight(source, 't');
  requireRight(source, 'e');
  requireRight(destination, 'i');
  // What stays under its quota root takes no room: a full account can be tidied up.
  if (source.quotaRoot?.id !== destination.quotaRoot?.id) await requireQuota(destination);
  const { uidValidity } = destination;
  const nothing: Copied = { uidValidity, sourceUids: UidSet.empty, destinationUids: UidSet.empty };
  // What an interrupted MOVE holds is free again once that has ended; it is no reason to refuse this one.
  await finishMoves(source.store, source.mailbox).catch(() => undefined);
  const nonce = randomBytes(NONCE_BYTES);
  const { head } = await destination.mailbox.refresh();
  const { reply: moving } = await source.mailbox.commit((view) => {
    // Two MOVEs of one message, at once or after a crash, must not make two of it.
    const free = view.present(uids).minus(underWay(view));
    if (free.isEmpty) return { reply: free };
    const intent = { intent: nonce, destination: destination.mailbox.id, destinationSeq: head.seq, uids: free };
    const isAnnotated = view.state.annotations.sizes.size > 0;
    const whose = isAnnotated ? { user: source.account.user.id } : {};
    return { record: moveIntentRecord({ ...intent, ...whose }), reply: free };
  });
  if (moving.isEmpty) return nothing;
  const view = await personalView(source);
  const present = view.present(moving);
  if (present.isEmpty) {
    await endIntent(source.mailbox, nonce);
    return nothing;
  }
  const wanted = await unlessRefused(source.mailbox, nonce, () =>
    toAppend(source, view, present, destination, source.account.user.id),
  );
  const messages = destination.privateSeen ? wanted.map(unseen) : wanted;
  const appended = await appendMoved(source.store, source.mailbox, destination.mailbox, messages, nonce, head.seq);
  countAppended(destination, messages);
  await removeMessages(source, (now) => now.present(present), 'move', nonce);
  // Somebody else has finished it, with other messages or long ago: no telling which became which.
  if (appended?.count !== messages.length) return nothing;
  await markSeen(destination, wanted, appended.firstUid);
  const destinationUids = UidSet.fromRanges([[appended.firstUid, appended.firstUid + appended.count - 1]]);
  return { uidValidity, sourceUids: present, destinationUids };
}

function underWay(view: MailboxView): UidSet {
  let uids = UidSet.empty;
  for (const intent of view.state.intents.values()) uids = uids.union(intent.uids);
  return uids;
}

/** Why an append or a copy can be refused for good; after anything else it may have happened, or may happen yet. */
const REFUSALS: ReadonlySet<StoreErrorCode> = new Set(['gone', 'too-many', 'too-big', 'over-quota', 'expunged']);

/** A refusal ends the intent, and the messages stay where they are. */
async function unlessRefused<T>(source: Mailbox, nonce: Buffer, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof StoreError && REFUSALS.has(error.code)) await endIntent(source, nonce);
    throw error;
  }
}

/** Appends the messages at the destination once, whoever tries; undefined when that was too long ago to tell where. */
async function appendMoved(
  store: MailStore,
  source: Mailbox,
  destination: Mailbox,
  messages: readonly MessageToAppend[],
  nonce: Buffer,
  sinceSeq: number,
): Promise<{ readonly firstUid: number; readonly count: number } | undefined> {
  const find = (base: Base<MailboxView>) =>
    findCommitted(store.context, destination.id, base, nonce, sinceSeq, async () => base.view);
  const change = (view: MailboxView) => {
    const { record, firstUid } = appendAnnotated(view, messages, true);
    return { record, reply: firstUid };
  };
  const isCommitted = async (base: Base<MailboxView>) => (await find(base)) !== undefined;
  try {
    const { reply } = await unlessRefused(source, nonce, () => destination.commit(change, { nonce, isCommitted }));
    return { firstUid: reply, count: messages.length };
  } catch (error) {
    if (!(error instanceof AlreadyCommitted)) throw error;
    const found = await find(await destination.refresh());
    if (found === undefined || found === 'remembered') return undefined;
    const { firstUid, messages: there } = appendedBy(found);
    return { firstUid, count: there.length };
  }
}

async function endIntent(source: Mailbox, nonce: Buffer): Promise<void> {
  await source.commit((view) =>
    view.state.intents.has(nonce.toString('hex'))
      ? { record: moveEndRecord(nonce), reply: undefined }
      : { reply: undefined },
  );
}

/** Ends MOVEs whose process did not (Rule 24); answers how many. One that cannot be ended does not hold up the others. */
export async function finishMoves(store: MailStore, mailbox: Mailbox): Promise<number> {
  const { view, head } = await mailbox.refresh();
  const due = [...view.state.intents.values()].filter(({ timeMs }) => store.clock.now() - timeMs >= INTENT_MS);
  const failures: unknown[] = [];
  for (const intent of due) await finishMove(store, mailbox, head.space, intent).catch((error) => failures.push(error));
  if (failures.length > 0) throw failures[0];
  return due.length;
}

async function finishMove(store: MailStore, source: Mailbox, space: Id, intent: MoveIntent): Promise<void> {
  const { view } = await source.refresh();
  const present = view.present(intent.uids);
  const destination = store.mailbox(intent.destination);
  const there = await stateOf(destination);
  if (present.isEmpty || there === undefined) return endIntent(source, intent.intent);
  // It is being moved to another space itself: later.
  if (there.state !== 'open') return;
  const from = { store, mailbox: source, space, quotaRoot: undefined };
  const messages = await unlessRefused(source, intent.intent, () =>
    toAppend(from, view, present, { space: there.space, rights: ALL_RIGHTS }, intent.user),
  );
  await appendMoved(store, source, destination, messages, intent.intent, intent.destinationSeq);
  await removeMessages(from, (now) => now.present(present), 'move', intent.intent);
}

/** Undefined only when the mailbox is gone for good: a world that is unwell is no reason to give a MOVE up. */
async function stateOf(mailbox: Mailbox): Promise<Head | undefined> {
  try {
    const { head } = await mailbox.refresh();
    return head.state === 'closed' ? undefined : head;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'gone') return undefined;
    throw error;
  }
}
