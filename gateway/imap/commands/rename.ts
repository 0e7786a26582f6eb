import { renameMailbox } from '../../../lib/store/names.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { nameToGive, tellName } from '../net-unicode.ts';
import { ok, type Reply } from '../reply.ts';

/** RENAME (RFC 9051 §6.3.6): the mailbox and all below it. */
export async function rename(context: Context, { from, to }: CommandOf<'RENAME'>): Promise<Reply> {
  const name = nameToGive(context, to);
  await renameMailbox(context.account, from, name);
  if (name !== to) tellName(context, name, from);
  return ok();
}
