import { INBOX } from '../../../lib/store/tree-view.ts';
import type { Context } from '../context.ts';
import { ok, type Reply } from '../reply.ts';
import { namespaces } from '../wire/write/response.ts';

/** NAMESPACE (RFC 9051 §6.3.10). Administrators who have no mail have no personal names. */
export async function namespace(context: Context): Promise<Reply> {
  const { account, names } = context;
  const { own, others, shared } = names.prefixes;
  const hasMail = !account.isAdmin || (await account.tree.refresh()).view.binding(INBOX) !== undefined;
  const one = (prefix: string) => [{ prefix, delimiter: names.separator }];
  context.write(namespaces([hasMail ? one(own) : [], one(others), one(shared)], context.dialect));
  return ok();
}
