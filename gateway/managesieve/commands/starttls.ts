import { capabilities } from '../capabilities.ts';
import type { Context } from '../context.ts';
import { no, ok, type Reply, response } from '../wire/write.ts';

/** STARTTLS (RFC 5804 §2.2): what was said before counts no more, and the capabilities are told again. */
export async function starttls(context: Context): Promise<Reply> {
  const { connection, options, input } = context;
  if (connection.secured) return no('TLS is active already');
  if (options.secureContext === undefined) return no('TLS is not available');
  const secureContext = options.secureContext();
  input.forget();
  await connection.startTls(secureContext, response(ok()));
  context.write(capabilities(context));
  return ok();
}
