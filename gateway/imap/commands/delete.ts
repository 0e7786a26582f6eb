import { deleteMailbox } from '../../../lib/store/names.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { ok, type Reply } from '../reply.ts';
import { condition } from '../wire/write/response.ts';

/** DELETE (RFC 9051 §6.3.5). Who deletes the selected mailbox has none selected any more. */
export async function deleteCommand(context: Context, { mailbox }: CommandOf<'DELETE'>): Promise<Reply> {
  await deleteMailbox(context.account, mailbox);
  if (context.hasSelected && !context.selected.isOpen) {
    context.select(undefined);
    context.write(condition(null, 'OK', 'CLOSED', 'The selected mailbox was deleted'));
  }
  return ok();
}
