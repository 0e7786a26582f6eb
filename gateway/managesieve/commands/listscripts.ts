import { listScripts } from '../../../lib/store/scripts.ts';
import type { Context } from '../context.ts';
import { ok, type Reply, string } from '../wire/write.ts';

/** LISTSCRIPTS (RFC 5804 §2.7). */
export async function listscripts(context: Context): Promise<Reply> {
  for (const { name, isActive } of await listScripts(context.account)) {
    context.write(`${string(name)}${isActive ? ' ACTIVE' : ''}\r\n`);
  }
  return ok();
}
