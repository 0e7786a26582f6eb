import type { Context } from '../context.ts';
import type { CommandOf } from '../wire/parse-command.ts';
import { ok, type Reply } from '../wire/write.ts';

/** NOOP (RFC 5804 §2.13): the tag comes back. */
export async function noop(_context: Context, { tag }: CommandOf<'NOOP'>): Promise<Reply> {
  return tag === undefined ? ok() : ok({ tag });
}
