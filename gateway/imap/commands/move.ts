import { moveMessages } from '../../../lib/store/move.ts';
import { arrive, copiesOf } from '../arrivals.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { asDestination } from '../errors.ts';
import { withinLimit } from '../message-limit.ts';
import { modSeqOf } from '../mod-seq.ts';
import { no, ok, type Reply } from '../reply.ts';
import { condition } from '../wire/write/response.ts';
import { numberCode } from '../wire/write/response-code.ts';
import { copyCode } from './copy.ts';

/** MOVE (RFC 9051 §6.4.8): COPYUID before the EXPUNGEs that it explains. */
export async function move(context: Context, { set, uid, mailbox }: CommandOf<'MOVE'>): Promise<Reply> {
  const { selected } = context;
  if (selected.readOnly) return no('The mailbox is read-only', 'NOPERM');
  const { uids: named, expunged } = selected.named(set, uid);
  if (expunged) return no('Some of the messages are gone', 'EXPUNGEISSUED');
  const { uids, code: limit } = withinLimit(context, named);
  const destination = await asDestination(context.account.open(mailbox, 'i'));
  const moved = await arrive(context, destination, {
    cause: 'COPY',
    count: uids.size,
    messages: copiesOf(selected.open, uids),
    put: () => moveMessages(selected.open, uids, destination),
    uidsOf: ({ destinationUids }) => destinationUids,
  });
  if (moved.sourceUids.isEmpty) return ok('Completed: there is nothing to move');
  const code = copyCode(moved, destination);
  if (code !== null) context.write(condition(null, 'OK', code, 'Moved'));
  await context.tell({ expunges: true, withUid: uid });
  // RFC 7162 §3.2.7, as for EXPUNGE.
  const modSeq = context.style.condstore ? numberCode('HIGHESTMODSEQ', modSeqOf(selected.view.seq)) : null;
  if (limit !== null && modSeq !== null) context.write(condition(null, 'OK', modSeq, 'Highest'));
  return ok('Completed', limit ?? modSeq);
}
