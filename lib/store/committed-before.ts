import type { Id } from '../base/ids.ts';
import type { Base } from './commit-plan.ts';
import type { LogContext } from './log.ts';
import { recordsOrSnapshot } from './log-reader.ts';
import { deliveriesAfter } from './mailbox-snapshot.ts';
import type { MailboxView } from './mailbox-view.ts';
import type { LogRecord } from './record.ts';

/**
 * The record with this nonce after `sinceSeq`, at or before the base (Rule 13): from the log while its segments last; else
 * `'remembered'` when the snapshot's column of nonces tells that there was one. `whole` reads the mailbox for that.
 */
export async function findCommitted(
  context: LogContext,
  mailbox: Id,
  { head, view }: Base<{ readonly seq: number }>,
  nonce: Buffer,
  sinceSeq: number,
  whole: () => Promise<MailboxView>,
): Promise<LogRecord | 'remembered' | undefined> {
  if (view.seq <= sinceSeq) return undefined;
  const records = await recordsOrSnapshot(context, 'M', mailbox, head, sinceSeq);
  if (records !== undefined) return records.find((record) => record.seq <= view.seq && record.nonce.equals(nonce));
  const marks = await deliveriesAfter(context, await whole(), sinceSeq);
  return marks.some((mark) => mark.nonce.equals(nonce)) ? 'remembered' : undefined;
}
