import type { Context } from '../context.ts';
import { Refused } from '../errors.ts';
import { words } from '../wire/arguments.ts';

/** STLS (RFC 2595 §4): what was said before, and what came with it in clear, counts no more. */
export async function stls(context: Context, rest: string): Promise<void> {
  words(rest, 0, 0, 'STLS');
  const { connection, options, input } = context;
  if (connection.secured) throw new Refused('TLS is active already');
  // RFC 6856 §2.1
  if (context.utf8) throw new Refused('STLS comes before UTF8');
  if (options.secureContext === undefined) throw new Refused('TLS is not available');
  const secureContext = options.secureContext();
  input.forget();
  await connection.startTls(secureContext, '+OK Begin TLS negotiation now\r\n');
}
