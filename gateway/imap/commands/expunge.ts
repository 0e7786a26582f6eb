import { deletedIn, expunge } from '../../../lib/store/expunge.ts';
import type { UidSet } from '../../../lib/store/uid-set.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { withinLimit } from '../message-limit.ts';
import { modSeqOf } from '../mod-seq.ts';
import { no, ok, type Reply } from '../reply.ts';
import type { SequenceSet } from '../wire/sequence-set.ts';
import { condition } from '../wire/write/response.ts';
import { numberCode } from '../wire/write/response-code.ts';

/** EXPUNGE (RFC 9051 §6.4.3) and UID EXPUNGE (§6.4.9). */
export async function expungeCommand(context: Context, { uids }: CommandOf<'EXPUNGE'>): Promise<Reply> {
  const { selected } = context;
  if (selected.readOnly) return no('The mailbox is read-only', 'NOPERM');
  const { among, code } = uids === null ? { among: undefined, code: null } : chosen(context, uids);
  const gone = await expunge(selected.open, among);
  await context.tell({ expunges: true, withUid: uids !== null });
  // RFC 7162 §3.2.7: where something went, the client learns how far it is now.
  const tellsModSeq = context.style.condstore && !gone.isEmpty;
  const modSeq = tellsModSeq ? numberCode('HIGHESTMODSEQ', modSeqOf(selected.view.seq)) : null;
  if (code !== null && modSeq !== null) context.write(condition(null, 'OK', modSeq, 'Highest'));
  return ok('Completed', code ?? modSeq);
}

/** Of the messages named those with \\Deleted, as many as one command may expunge (RFC 9738 §3). */
function chosen(context: Context, set: SequenceSet): { readonly among: UidSet; readonly code: string | null } {
  const { selected } = context;
  const { uids } = selected.named(set, true);
  const { uids: within, code } = withinLimit(context, deletedIn(selected.view, uids));
  // Without a limit what others have marked since goes too.
  return { among: code === null ? uids : within, code };
}
