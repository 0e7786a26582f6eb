import type { OpenMailbox } from '../../../lib/store/account.ts';
import { type Copied, copyMessages } from '../../../lib/store/copy.ts';
import { arrive, copiesOf, mayKnowUids } from '../arrivals.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { asDestination } from '../errors.ts';
import { requireWithinSaveLimit } from '../message-limit.ts';
import { no, ok, type Reply } from '../reply.ts';
import { rangesOf } from '../selected.ts';
import { copyUid } from '../wire/write/response-code.ts';

/** COPY (RFC 9051 §6.4.7) of any number of messages in one commit. */
export async function copy(context: Context, { set, uid, mailbox }: CommandOf<'COPY'>): Promise<Reply> {
  const { selected } = context;
  const { uids, expunged } = selected.named(set, uid);
  // RFC 2180 §4.4: all or nothing.
  if (expunged) return no('Some of the messages are gone', 'EXPUNGEISSUED');
  requireWithinSaveLimit(context, uids.size, uids);
  const destination = await asDestination(context.account.open(mailbox, 'i'));
  const copied = await arrive(context, destination, {
    cause: 'COPY',
    count: uids.size,
    messages: copiesOf(selected.open, uids),
    put: () => copyMessages(selected.open, uids, destination),
    uidsOf: ({ destinationUids }) => destinationUids,
  });
  return ok('Completed', copyCode(copied, destination));
}

/** COPYUID (RFC 9051 §7.1), or nothing when nothing was copied or the user may not read the destination. */
export function copyCode(
  { uidValidity, sourceUids, destinationUids }: Copied,
  destination: OpenMailbox,
): string | null {
  if (sourceUids.isEmpty || !mayKnowUids(destination)) return null;
  return copyUid(uidValidity, rangesOf(sourceUids), rangesOf(destinationUids));
}
