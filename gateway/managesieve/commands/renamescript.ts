import { renameScript } from '../../../lib/store/scripts.ts';
import type { Context } from '../context.ts';
import type { CommandOf } from '../wire/parse-command.ts';
import { ok, type Reply } from '../wire/write.ts';

/** RENAMESCRIPT (RFC 5804 §2.11). */
export async function renamescript(context: Context, { from, to }: CommandOf<'RENAMESCRIPT'>): Promise<Reply> {
  await renameScript(context.account, from, to);
  return ok();
}
