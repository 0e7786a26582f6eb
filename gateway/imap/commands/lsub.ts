import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { namesMatching } from '../list-pattern.ts';
import { seenNames } from '../referrals.ts';
import { ok, type Reply } from '../reply.ts';
import { listed } from '../wire/write/response.ts';

/**
 * LSUB (RFC 3501 §6.3.9): subscribed names. Where `%` stops above a subscribed name, the name above is answered with
 * \Noselect.
 */
export async function lsub(context: Context, { reference, pattern, remote }: CommandOf<'LSUB'>): Promise<Reply> {
  const { names } = context;
  if (pattern === '') {
    context.write(
      listed('LSUB', { attributes: ['\\Noselect'], delimiter: names.separator, name: '' }, context.dialect),
    );
    return ok();
  }
  const matches = namesMatching(names, reference, pattern);
  const answers = new Map<string, readonly string[]>();
  for (const { name, isSubscribed } of await seenNames(context, remote)) {
    if (!isSubscribed) continue;
    await context.breathe();
    if (matches(name)) answers.set(name, []);
    else if ((typeof pattern === 'string' ? pattern : pattern.spelled).includes('%')) {
      for (let at = names.parentOf(name); at !== undefined; at = names.parentOf(at)) {
        if (!answers.has(at) && matches(at)) answers.set(at, ['\\Noselect']);
      }
    }
  }
  for (const [name, attributes] of answers) {
    context.write(listed('LSUB', { attributes, delimiter: names.separator, name }, context.dialect));
    await context.flow();
  }
  return ok();
}
