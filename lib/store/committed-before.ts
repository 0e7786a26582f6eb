import type { Id } from '../base/ids.ts';
import type { Base } from './commit-plan.ts';
import { StoreError } from './errors.ts';
import type { LogContext } from './log.ts';
import { catchUp, Moved, recordsOrSnapshot, withHead } from './log-reader.ts';
import { deliveriesAfter, mailboxType } from './mailbox-snapshot.ts';
import type { DeliveryMark, MailboxView } from './mailbox-view.ts';
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
  const marks = await marksAfter(context, mailbox, await whole(), sinceSeq);
  return marks.some((mark) => mark.nonce.equals(nonce)) ? 'remembered' : undefined;
}

/** A view that has lived long rests on a snapshot that may be tidied away by now: then the newest one is read. */
async function marksAfter(
  context: LogContext,
  mailbox: Id,
  view: MailboxView,
  sinceSeq: number,
): Promise<readonly DeliveryMark[]> {
  try {
    return await deliveriesAfter(context, view, sinceSeq);
  } catch (error) {
    if (!(error instanceof Moved)) throw error;
    const marks = await withHead(context, 'M', mailbox, async (head) => {
      const newest = await catchUp(context, mailboxType(context), mailbox, head, undefined);
      return deliveriesAfter(context, newest.view, sinceSeq);
    });
    if (marks === undefined) throw new StoreError('gone', 'the mailbox does not exist any more');
    return marks;
  }
}
