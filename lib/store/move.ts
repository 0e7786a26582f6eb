import { randomBytes } from 'node:crypto';
import type { Id } from '../base/ids.ts';
import { type OpenMailbox, requireRight } from './account.ts';
import { appendTo, countAppended, type MessageToAppend, requireQuota } from './append.ts';
import { AlreadyCommitted, type Base } from './commit-plan.ts';
import { findCommitted } from './committed-before.ts';
import { type Copied, toAppend } from './copy.ts';
import { StoreError } from './errors.ts';
import { removeMessages } from './expunge.ts';
import type { MailStore } from './mail-store.ts';
import type { Mailbox } from './mailbox.ts';
import { moveEndRecord, moveIntentRecord, readAppend } from './mailbox-records.ts';
import type { MailboxView, MoveIntent } from './mailbox-view.ts';
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
  await requireQuota(destination);
  const { uidValidity } = destination;
  const nonce = randomBytes(NONCE_BYTES);
  const { head } = await destination.mailbox.refresh();
  await source.mailbox.refresh();
  const { reply: moving } = await source.mailbox.commit((view) => {
    const present = view.present(uids);
    if (present.isEmpty) return { reply: present };
    const intent = { intent: nonce, destination: destination.mailbox.id, destinationSeq: head.seq, uids: present };
    return { record: moveIntentRecord(intent), reply: present };
  });
  if (moving.isEmpty) return { uidValidity, sourceUids: moving, destinationUids: moving };
  const { view } = await source.mailbox.refresh();
  const present = view.present(moving);
  const messages = await toAppend(source, view, present, destination);
  const firstUid = await appendMoved(source.store, source.mailbox, destination.mailbox, messages, nonce, head.seq);
  countAppended(destination, messages);
  await removeMessages(source, (now) => now.present(present), 'move', nonce);
  const destinationUids = UidSet.fromRanges([[firstUid, firstUid + messages.length - 1]]);
  return { uidValidity, sourceUids: present, destinationUids };
}

/** Appends the messages at the destination once, whoever tries; a refusal ends the intent, and they stay. */
async function appendMoved(
  store: MailStore,
  source: Mailbox,
  destination: Mailbox,
  messages: readonly MessageToAppend[],
  nonce: Buffer,
  sinceSeq: number,
): Promise<number> {
  const find = (base: Base<MailboxView>) =>
    findCommitted(store.context, destination.id, base, nonce, sinceSeq, async () => base.view);
  try {
    const { reply } = await destination.commit(
      (view) => {
        const { record, firstUid } = appendTo(view, messages, true);
        return { record, reply: firstUid };
      },
      { nonce, isCommitted: async (base) => (await find(base)) !== undefined },
    );
    return reply;
  } catch (error) {
    if (error instanceof AlreadyCommitted) {
      const found = await find(await destination.refresh());
      return found === undefined || found === 'remembered' ? 1 : readAppend(found.body).firstUid;
    }
    if (error instanceof StoreError && error.code !== 'unavailable') await endIntent(source, nonce);
    throw error;
  }
}

async function endIntent(source: Mailbox, nonce: Buffer): Promise<void> {
  await source.commit((view) =>
    view.state.intents.has(nonce.toString('hex'))
      ? { record: moveEndRecord(nonce), reply: undefined }
      : { reply: undefined },
  );
}

/** Ends MOVEs whose process did not (Rule 24); answers how many. */
export async function finishMoves(store: MailStore, mailbox: Mailbox): Promise<number> {
  const { view, head } = await mailbox.refresh();
  let ended = 0;
  for (const intent of view.state.intents.values()) {
    if (store.clock.now() - intent.timeMs < INTENT_MS) continue;
    await finishMove(store, mailbox, head.space, intent);
    ended++;
  }
  return ended;
}

async function finishMove(store: MailStore, source: Mailbox, space: Id, intent: MoveIntent): Promise<void> {
  const { view } = await source.refresh();
  const present = view.present(intent.uids);
  const destination = store.mailbox(intent.destination);
  const there = await destination.refresh().catch(() => undefined);
  if (present.isEmpty || there === undefined || there.head.state !== 'open') {
    await endIntent(source, intent.intent);
    return;
  }
  const from = { store, mailbox: source, space, quotaRoot: undefined };
  const messages = await toAppend(from, view, present, { space: there.head.space, rights: ALL_RIGHTS });
  await appendMoved(store, source, destination, messages, intent.intent, intent.destinationSeq);
  await removeMessages(from, (now) => now.present(present), 'move', intent.intent);
}
