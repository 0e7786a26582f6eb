import { setActiveScript } from '../../../lib/store/scripts.ts';
import type { Context } from '../context.ts';
import type { CommandOf } from '../wire/parse-command.ts';
import { ok, type Reply } from '../wire/write.ts';

/** SETACTIVE (RFC 5804 §2.8): "" for none. */
export async function setactive(context: Context, { script }: CommandOf<'SETACTIVE'>): Promise<Reply> {
  await setActiveScript(context.account, script === '' ? undefined : script);
  context.log.info({ script }, 'script activated');
  return ok();
}
