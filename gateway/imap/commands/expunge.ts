import { expunge } from '../../../lib/store/expunge.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { modSeqOf } from '../mod-seq.ts';
import { no, ok, type Reply } from '../reply.ts';
import { numberCode } from '../wire/write/response-code.ts';

/** EXPUNGE (RFC 9051 §6.4.3) and UID EXPUNGE (§6.4.9). */
export async function expungeCommand(context: Context, { uids }: CommandOf<'EXPUNGE'>): Promise<Reply> {
  const { selected } = context;
  if (selected.readOnly) return no('The mailbox is read-only', 'NOPERM');
  const among = uids === null ? undefined : selected.named(uids, true).uids;
  const gone = await expunge(selected.open, among);
  await context.tell({ expunges: true, withUid: uids !== null });
  // RFC 7162 §3.2.8: where something went, the client learns how far it is now.
  const tellsModSeq = context.style.condstore && !gone.isEmpty;
  return ok('Completed', tellsModSeq ? numberCode('HIGHESTMODSEQ', modSeqOf(selected.view.seq)) : null);
}
