import { changeAcl, getAcl, listRights, myRights } from '../../../lib/store/acl.ts';
import { parseRights, shownRights } from '../../../lib/store/rights.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { bad, ok, type Reply } from '../reply.ts';
import { acl, listRights as listRightsLine, myRights as myRightsLine } from '../wire/write/acl.ts';

/** SETACL (RFC 4314 §3.1). A letter that is no right is a BAD, never left out. */
export async function setAclCommand(context: Context, command: CommandOf<'SETACL'>): Promise<Reply> {
  const { mailbox, identifier, mode } = command;
  const rights = parseRights(command.rights);
  if (rights === undefined) return bad('Rights are the letters lrswipkxtean, and c and d of old');
  await changeAcl(context.account, mailbox, identifier, { mode, rights });
  return ok();
}

/** DELETEACL (RFC 4314 §3.2). */
export async function deleteAcl(context: Context, command: CommandOf<'DELETEACL'>): Promise<Reply> {
  await changeAcl(context.account, command.mailbox, command.identifier, undefined);
  return ok();
}

/** GETACL (RFC 4314 §3.3). */
export async function getAclCommand(context: Context, { mailbox }: CommandOf<'GETACL'>): Promise<Reply> {
  const entries = await getAcl(context.account, mailbox);
  const shown = entries.map(([identifier, rights]) => [identifier, shownRights(rights)] as const);
  context.write(acl(mailbox, shown, context.dialect));
  return ok();
}

/** LISTRIGHTS (RFC 4314 §3.4). */
export async function listRightsCommand(context: Context, command: CommandOf<'LISTRIGHTS'>): Promise<Reply> {
  const { mailbox, identifier } = command;
  const { required, optional } = await listRights(context.account, mailbox, identifier);
  context.write(listRightsLine(mailbox, identifier, required, optional, context.dialect));
  return ok();
}

/** MYRIGHTS (RFC 4314 §3.5). */
export async function myRightsCommand(context: Context, { mailbox }: CommandOf<'MYRIGHTS'>): Promise<Reply> {
  const rights = await myRights(context.account, mailbox);
  context.write(myRightsLine(mailbox, shownRights(rights), context.dialect));
  return ok();
}
