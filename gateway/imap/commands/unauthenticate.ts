import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import type { Reply } from '../reply.ts';
import { condition } from '../wire/write/response.ts';
import { capabilityCode } from '../wire/write/response-code.ts';

/**
 * UNAUTHENTICATE (RFC 8437 §3): the connection is as it was before login, but for TLS. What was pipelined behind it counts;
 * its tagged OK is the last line that is deflated.
 */
export async function unauthenticate(
  context: Context,
  _command: CommandOf<'UNAUTHENTICATE'>,
  tag: string,
): Promise<Reply | undefined> {
  context.log.info('logged out to log in again');
  context.logOut();
  const code = capabilityCode(context.capabilities);
  await context.connection.decompress(condition(tag, 'OK', code, 'Nobody is logged in'));
  return undefined;
}
