import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { bad, ok, type Reply } from '../reply.ts';

/** CANCELUPDATE (RFC 5267 §4.3.5): no more is told of the results of these searches. */
export async function cancelUpdate({ selected }: Context, { tags }: CommandOf<'CANCELUPDATE'>): Promise<Reply> {
  const unknown = tags.filter((tag) => !selected.updates.cancel(tag));
  return unknown.length === 0 ? ok() : bad('No search with UPDATE has this tag');
}
