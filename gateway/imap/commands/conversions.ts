import { conversionsBetween } from '../../../lib/convert/conversions.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { ok, type Reply } from '../reply.ts';
import { conversion } from '../wire/write/convert.ts';

/** CONVERSIONS (RFC 5259 §5.1): what parts can be converted to. */
export async function conversionsCommand(context: Context, command: CommandOf<'CONVERSIONS'>): Promise<Reply> {
  for (const { from, to, params } of conversionsBetween(command.from, command.to)) {
    context.write(conversion(from, to, params));
  }
  return ok();
}
