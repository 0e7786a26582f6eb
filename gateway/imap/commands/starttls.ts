import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { bad, type Reply } from '../reply.ts';
import { condition } from '../wire/write/response.ts';

/** STARTTLS (RFC 9051 §6.2.1). Its tagged OK is the last line in clear, so there is nothing to answer afterwards. */
export async function startTls(
  context: Context,
  _command: CommandOf<'STARTTLS'>,
  tag: string,
): Promise<Reply | undefined> {
  const { connection, options, input } = context;
  if (connection.secured) return bad('TLS is active already');
  if (options.secureContext === undefined) return bad('TLS is not available');
  const secureContext = options.secureContext();
  // What was sent in clear is thrown away (RFC 9051 §6.2.1).
  input.takeRest();
  await connection.startTls(secureContext, condition(tag, 'OK', null, 'Begin TLS negotiation now'));
  return undefined;
}
