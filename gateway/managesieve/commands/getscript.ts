import { getScript } from '../../../lib/store/scripts.ts';
import type { Context } from '../context.ts';
import type { CommandOf } from '../wire/parse-command.ts';
import { literalHead, ok, type Reply } from '../wire/write.ts';

/** GETSCRIPT (RFC 5804 §2.9): the octets as they were put. */
export async function getscript(context: Context, { script }: CommandOf<'GETSCRIPT'>): Promise<Reply> {
  const text = await getScript(context.account, script);
  context.write(literalHead(text));
  context.write(text);
  context.write('\r\n');
  return ok();
}
