import { createMailbox } from '../../../lib/store/names.ts';
import { SEPARATOR } from '../../../lib/store/tree-view.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { nameToGive, tellName } from '../net-unicode.ts';
import { ok, type Reply } from '../reply.ts';
import { mailboxId } from '../wire/write/response-code.ts';

/**
 * CREATE (RFC 9051 §6.3.4, RFC 6154 §3, RFC 8474 §4.1). A name that ends in the separator says that mailboxes will be created below it;
 * such a name needs no creation here, but RFC 9051 lets it be created without the separator.
 */
export async function create(context: Context, { mailbox, use }: CommandOf<'CREATE'>): Promise<Reply> {
  const given = mailbox.endsWith(SEPARATOR) && mailbox !== SEPARATOR ? mailbox.slice(0, -1) : mailbox;
  const name = nameToGive(context, given);
  const id = await createMailbox(context.account, name, use);
  if (name !== given) tellName(context, name, given);
  return ok('Completed', mailboxId(id));
}
