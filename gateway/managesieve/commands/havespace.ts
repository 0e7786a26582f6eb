import { checkSpace } from '../../../lib/store/scripts.ts';
import type { Context } from '../context.ts';
import type { CommandOf } from '../wire/parse-command.ts';
import { ok, type Reply } from '../wire/write.ts';

/** HAVESPACE (RFC 5804 §2.5). */
export async function havespace(context: Context, command: CommandOf<'HAVESPACE'>): Promise<Reply> {
  await checkSpace(context.account, command.script, command.sizeBytes, context.options.scriptLimits);
  return ok();
}
