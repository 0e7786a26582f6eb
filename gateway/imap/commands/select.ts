import { nonexistent } from '../../../lib/store/account.ts';
import { MAX_ANNOTATION_BYTES } from '../../../lib/store/annotate.ts';
import { unbindClosed } from '../../../lib/store/delete-mailbox.ts';
import { StoreError } from '../../../lib/store/errors.ts';
import { SEEN } from '../../../lib/store/flag-sets.ts';
import type { MailboxView } from '../../../lib/store/mailbox-view.ts';
import { INBOX } from '../../../lib/store/tree-view.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { flagsLine, permanentFlagsCode } from '../flag-texts.ts';
import { modSeqOf } from '../mod-seq.ts';
import { referNames } from '../referrals.ts';
import { bad, ok, type Reply } from '../reply.ts';
import { resync } from '../resync.ts';
import { Selected } from '../selected.ts';
import { condition, listed, numbered } from '../wire/write/response.ts';
import { mailboxId, numberCode } from '../wire/write/response-code.ts';
import { enableCondstore } from './enable.ts';
import { warnOfQuota } from './quota.ts';
import { recentFrom } from './status.ts';

/** SELECT and EXAMINE (RFC 9051 §6.3.2, §6.3.3), with CONDSTORE and QRESYNC (RFC 7162 §3.1.8, §3.2.5). */
export async function select(context: Context, command: CommandOf<'SELECT'>): Promise<Reply> {
  // RFC 7162 §3.2.5: QRESYNC must have been enabled.
  if (command.qresync !== null && !context.style.qresync) return bad('QRESYNC is not enabled');
  if (context.hasSelected) {
    // RFC 9051 §7.1, CLOSED; a SELECT that fails leaves nothing selected.
    context.select(undefined);
    context.write(condition(null, 'OK', 'CLOSED', 'The mailbox selected before is closed'));
  }
  if (command.condstore || command.qresync !== null) enableCondstore(context);
  const elsewhere = referNames(context, [command.mailbox]);
  if (elsewhere !== undefined) return elsewhere;
  const open = await context.account.open(command.mailbox);
  const { head } = await open.mailbox.refresh();
  if (head.state === 'closed' && open.path !== INBOX) await unbindClosed(open.tree, open.path, open.mailbox.id);
  // Neither here nor there for a moment (Rule 12).
  if (head.state === 'moving') throw new StoreError('unavailable', 'Mailbox is being moved, try again');
  if (head.state !== 'open') throw nonexistent();
  const { limits, clock } = context.options;
  const examined = command.name === 'EXAMINE';
  const selected = await Selected.open(open, { examined, windowBytes: limits.windowBytes, clock });
  const { view, readOnly } = selected;
  if (!context.style.rev2) {
    if (readOnly) selected.noteRecent(await recentFrom(context, open.mailbox.id, view.seq), view.state.uidNext);
    else await selected.claimRecent();
  }
  selected.tellsAnnotations = command.annotate;
  context.select(selected);
  writeState(context, selected);
  if (!readOnly) await warnOfQuota(context, open);
  if (command.qresync !== null && command.qresync.uidValidity === open.uidValidity) {
    await resync(context, command.qresync);
  }
  return ok('Completed', readOnly ? 'READ-ONLY' : 'READ-WRITE');
}

function writeState(context: Context, selected: Selected): void {
  const { open, view, readOnly } = selected;
  const { rev2 } = context.style;
  const lines = [flagsLine(view), condition(null, 'OK', permanentFlagsCode(open, view, readOnly), 'Permanent flags')];
  lines.push(numbered(view.exists, 'EXISTS'));
  if (!rev2) {
    lines.push(numbered(selected.recent, 'RECENT'));
    const unseen = context.style.uidOnly ? undefined : firstUnseen(view);
    if (unseen !== undefined) lines.push(condition(null, 'OK', numberCode('UNSEEN', unseen), 'First unseen'));
  }
  lines.push(condition(null, 'OK', numberCode('UIDVALIDITY', open.uidValidity), 'UIDs valid'));
  lines.push(condition(null, 'OK', numberCode('UIDNEXT', view.state.uidNext), 'Predicted next UID'));
  lines.push(condition(null, 'OK', numberCode('HIGHESTMODSEQ', modSeqOf(view.seq)), 'Highest'));
  lines.push(condition(null, 'OK', mailboxId(open.mailbox.id), 'Ok'));
  // RFC 5257 §4.1
  const annotations = readOnly ? 'READ-ONLY' : `${MAX_ANNOTATION_BYTES}`;
  lines.push(condition(null, 'OK', `ANNOTATIONS ${annotations}`, 'Ok'));
  // RFC 9051 §6.3.2: the name as the server has it.
  if (rev2)
    lines.push(
      listed('LIST', { attributes: [], delimiter: context.names.separator, name: open.name }, context.dialect),
    );
  context.write(lines.join(''));
}

/** Sequence number of the first message without \Seen (RFC 3501 §7.1, UNSEEN). */
function firstUnseen(view: MailboxView): number | undefined {
  if (view.state.unseen === 0) return undefined;
  const { flagSets } = view.state;
  let sequence = 0;
  for (const block of view.state.blocks) {
    for (const index of block.flags) {
      sequence++;
      if ((flagSets.systemAt(index) & SEEN) === 0) return sequence;
    }
  }
  return undefined;
}
