import type { Id } from '../../../lib/base/ids.ts';
import { nonexistent, type OpenMailbox } from '../../../lib/store/account.ts';
import { deletedIn } from '../../../lib/store/expunge.ts';
import type { Mailbox } from '../../../lib/store/mailbox.ts';
import { readOverlay } from '../../../lib/store/overlay.ts';
import { personalView } from '../../../lib/store/private-seen.ts';
import { type MailboxStatus, mailboxStatuses } from '../../../lib/store/status.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { modSeqOf } from '../mod-seq.ts';
import { ok, type Reply } from '../reply.ts';
import type { StatusItem } from '../wire/commands.ts';
import { status as statusLine } from '../wire/write/response.ts';
import { enableCondstore } from './enable.ts';

/** STATUS (RFC 9051 §6.3.11): answered from the mailbox's head, without its messages. */
export async function status(context: Context, { mailbox, items }: CommandOf<'STATUS'>): Promise<Reply> {
  const open = await context.account.open(mailbox);
  const [found] = await mailboxStatuses(context.options.store.ports.index, [open.mailbox.id]);
  if (found === undefined) throw nonexistent();
  if (items.includes('HIGHESTMODSEQ')) enableCondstore(context);
  const own = await personalStatus(open, found, items);
  const { maxMessageBytes } = context.options;
  const values = statusValues(items, own, open.uidValidity, open.mailbox.id, maxMessageBytes);
  if (items.includes('RECENT')) values.set('RECENT', await recentOf(context, open, found));
  if (items.includes('DELETED-STORAGE')) values.set('DELETED-STORAGE', await deletedStorage(open.mailbox, found));
  context.write(statusLine(mailbox, [...values], context.dialect));
  return ok();
}

/** The status as this user sees it (Rule 16); the messages are only read for what depends on them. */
export async function personalStatus(
  open: OpenMailbox,
  found: MailboxStatus,
  items: readonly StatusItem[],
): Promise<MailboxStatus> {
  if (!open.privateSeen || !items.some((item) => item === 'UNSEEN' || item === 'HIGHESTMODSEQ')) return found;
  const { state } = await personalView(open);
  return { ...found, unseen: state.unseen, seq: state.seq };
}

/** The values, each item once, in the order asked. */
export function statusValues(
  items: readonly StatusItem[],
  { uidNext, exists, unseen, deleted, bytes, seq }: MailboxStatus,
  uidValidity: number,
  mailbox: Id,
  maxMessageBytes: number,
): Map<StatusItem, number | string> {
  const values: Readonly<Record<StatusItem, number | string>> = {
    MESSAGES: exists,
    RECENT: 0,
    UIDNEXT: uidNext,
    UIDVALIDITY: uidValidity,
    UNSEEN: unseen,
    DELETED: deleted,
    'DELETED-STORAGE': 0,
    SIZE: bytes,
    // RFC 7889 §3: NIL where there is no limit.
    APPENDLIMIT: maxMessageBytes > 0 ? maxMessageBytes : 'NIL',
    HIGHESTMODSEQ: modSeqOf(seq),
    // RFC 8474 §4.3: in parentheses.
    MAILBOXID: `(${mailbox})`,
  };
  return new Map(items.map((item) => [item, values[item]]));
}

/** RFC 9208 §4.1.4: octets that an EXPUNGE would free. */
export async function deletedStorage(mailbox: Mailbox, { deleted }: MailboxStatus): Promise<number> {
  if (deleted === 0) return 0;
  const { view } = await mailbox.refresh();
  const rows = await mailbox.cold(view, deletedIn(view, undefined));
  return [...rows.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** RFC 3501 §6.3.10: how many messages would be \Recent; asking takes that from none. */
async function recentOf(context: Context, open: OpenMailbox, found: MailboxStatus): Promise<number> {
  const from = await recentFrom(context, open.mailbox.id, found.seq);
  if (from >= found.uidNext) return 0;
  const { view } = await open.mailbox.refresh();
  return view.exists - view.countBelow(from);
}

/** The first UID that is \Recent for the next session. */
export async function recentFrom(context: Context, mailbox: Id, seq: number): Promise<number> {
  const { store } = context.options;
  const overlay = await readOverlay(store.context, context.account.user.id, mailbox, seq);
  return overlay === 'ahead' ? 1 : overlay.recentFrom;
}
