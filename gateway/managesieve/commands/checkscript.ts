import { isUtf8 } from 'node:buffer';
import type { Context, SieveLanguage } from '../context.ts';
import type { CommandOf } from '../wire/parse-command.ts';
import { no, ok, type Reply } from '../wire/write.ts';

/** Problems of a script that are told; the first ones help most. */
const PROBLEMS = 20;

/** CHECKSCRIPT (RFC 5804 §2.12). */
export async function checkscript({ options }: Context, { text }: CommandOf<'CHECKSCRIPT'>): Promise<Reply> {
  return problemsOf(options.language, text) ?? ok();
}

/** Why the script cannot be taken, a line for each problem; undefined when it can. */
export function problemsOf(language: SieveLanguage, text: Buffer): Reply | undefined {
  if (!isUtf8(text)) return no('The script is not UTF-8');
  const problems = language.check(text.toString('utf8'));
  if (problems.length === 0) return undefined;
  const lines = problems
    .slice(0, PROBLEMS)
    .map(({ line, column, message }) => `line ${line}, column ${column}: ${message}`);
  if (problems.length > PROBLEMS) lines.push(`and ${problems.length - PROBLEMS} more`);
  return no(lines.join('\r\n'));
}
