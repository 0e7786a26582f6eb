import type { Context } from '../context.ts';
import { BadArgument } from '../wire/path.ts';
import { abortTransaction } from './rset.ts';

/** STARTTLS: what was said before counts no more (RFC 3207 §4.2). */
export async function starttls(context: Context, argument: string): Promise<void> {
  if (argument !== '') throw new BadArgument('501 5.5.4 Syntax: STARTTLS');
  const { secureContext } = context.options;
  if (context.connection.secured) return context.reply('503 5.5.1 TLS already active');
  if (secureContext === undefined) return context.reply('502 5.5.1 STARTTLS not available');
  await abortTransaction(context);
  context.client = undefined;
  context.logOut();
  context.input.discard();
  await context.connection.startTls(secureContext(), '220 2.0.0 Begin TLS negotiation now\r\n');
}
