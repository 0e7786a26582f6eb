import { checkSpace, putScript } from '../../../lib/store/scripts.ts';
import type { Context } from '../context.ts';
import type { CommandOf } from '../wire/parse-command.ts';
import { no, ok, type Reply } from '../wire/write.ts';
import { problemsOf } from './checkscript.ts';

/** PUTSCRIPT (RFC 5804 §2.6): only a valid script is kept, in place of the one of its name. */
export async function putscript(context: Context, { script, text }: CommandOf<'PUTSCRIPT'>): Promise<Reply> {
  const { language, scriptLimits } = context.options;
  // Who wants no script sets none active.
  if (text.length === 0) return no('The script is empty');
  // Whoever has no room is told so, whatever is in the script.
  await checkSpace(context.account, script, text.length, scriptLimits);
  const problems = problemsOf(language, text);
  if (problems !== undefined) return problems;
  await putScript(context.account, script, text, scriptLimits);
  context.log.info({ script, size: text.length }, 'script put');
  return ok();
}
