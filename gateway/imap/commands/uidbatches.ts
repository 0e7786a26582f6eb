import type { MailboxView } from '../../../lib/store/mailbox-view.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { bad, no, ok, type Reply } from '../reply.ts';
import type { NumberRange } from '../wire/sequence-set.ts';
import { uidBatches as batchesLine } from '../wire/write/response.ts';

/**
 * UIDBATCHES (draft-ietf-mailmaint-imap-uidbatches): ranges of UIDs with so many messages each, from the newest message
 * down to UID 1, or some of them.
 */
export async function uidBatches(context: Context, command: CommandOf<'UIDBATCHES'>, tag: string): Promise<Reply> {
  const { size, batches } = command;
  const { uidBatchMessages } = context.options.limits;
  if (size < uidBatchMessages) return no(`A batch has at least ${uidBatchMessages} messages`, 'TOOSMALL');
  if (batches !== null && batches.from > batches.to) return bad('The range of batches is reversed', 'CLIENTBUG');
  context.write(batchesLine(tag, ranges(context.selected.view, size, batches ?? { from: 1, to: Infinity })));
  return ok();
}

/** Batches are counted from 1, the newest first; each goes down to where the next begins. */
function ranges(view: MailboxView, size: number, { from, to }: NumberRange): NumberRange[] {
  const found: NumberRange[] = [];
  for (let batch = from; batch <= to; batch++) {
    const newest = view.exists - (batch - 1) * size;
    if (newest < 1) break;
    // Above it ends the batch of newer messages.
    const above = view.uidAt(newest + 1);
    const high = above === undefined ? (view.uidAt(newest) ?? 1) : above - 1;
    found.push({ from: high, to: newest <= size ? 1 : (view.uidAt(newest - size + 1) ?? 1) });
  }
  return found;
}
