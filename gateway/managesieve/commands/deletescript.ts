import { deleteScript } from '../../../lib/store/scripts.ts';
import type { Context } from '../context.ts';
import type { CommandOf } from '../wire/parse-command.ts';
import { ok, type Reply } from '../wire/write.ts';

/** DELETESCRIPT (RFC 5804 §2.10). */
export async function deletescript(context: Context, { script }: CommandOf<'DELETESCRIPT'>): Promise<Reply> {
  await deleteScript(context.account, script);
  context.log.info({ script }, 'script deleted');
  return ok();
}
