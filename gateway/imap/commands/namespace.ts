import { OTHER_USERS } from '../../../lib/store/account.ts';
import { SEPARATOR } from '../../../lib/store/tree-view.ts';
import type { Context } from '../context.ts';
import { ok, type Reply } from '../reply.ts';
import { namespaces } from '../wire/write/response.ts';

/** NAMESPACE (RFC 9051 §6.3.10): the user's own names have no prefix. */
export async function namespace(context: Context): Promise<Reply> {
  const others = { prefix: `${OTHER_USERS}${SEPARATOR}`, delimiter: SEPARATOR };
  context.write(namespaces([[{ prefix: '', delimiter: SEPARATOR }], [others], []], context.dialect));
  return ok();
}
