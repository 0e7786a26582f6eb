import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { bad, no, type Reply } from '../reply.ts';
import { condition } from '../wire/write/response.ts';

/** COMPRESS (RFC 4978 §3). Its tagged OK is the last line that is not deflated, so there is nothing to answer afterwards. */
export async function compress(
  { connection, input }: Context,
  { mechanism }: CommandOf<'COMPRESS'>,
  tag: string,
): Promise<Reply | undefined> {
  if (mechanism !== 'DEFLATE') return bad('Mechanisms are: DEFLATE');
  if (connection.compressed) return no('DEFLATE is active already', 'COMPRESSIONACTIVE');
  await connection.compress(condition(tag, 'OK', null, 'DEFLATE active'), input.takeRest());
  return undefined;
}
