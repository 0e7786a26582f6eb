import type { Id } from '../base/ids.ts';
import { decodeHead } from './head.ts';
import { headKey } from './keys.ts';
import { decodeCounts, type MailboxCounts } from './mailbox-view.ts';
import type { Index } from './ports.ts';

/** What a mailbox's head tells without its messages. */
export interface MailboxStatus extends MailboxCounts {
  /** Of the newest record. */
  readonly seq: number;
}

/** The states of mailboxes, in the order asked, from one batch of their heads; undefined for one that is no more. */
export async function mailboxStatuses(
  index: Index,
  mailboxes: readonly Id[],
): Promise<readonly (MailboxStatus | undefined)[]> {
  const items = await index.batchGet(mailboxes.map((id) => headKey('M', id)));
  return items.map((item) => {
    const head = item === undefined ? undefined : decodeHead(item);
    return head?.state === 'open' ? { ...decodeCounts(head.extra), seq: head.seq } : undefined;
  });
}
