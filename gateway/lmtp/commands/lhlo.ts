import { saslMechanisms } from '../../../lib/auth/sasl/table.ts';
import { isTrusted, passwordsAllowed } from '../access.ts';
import type { Context } from '../context.ts';
import { BadArgument } from '../wire/path.ts';
import { abortTransaction } from './rset.ts';

/** LHLO: who the client is, and what we can do (RFC 2033 §4.1). Ends a transaction, as EHLO does (RFC 5321 §4.1.4). */
export async function lhlo(context: Context, argument: string): Promise<void> {
  // A domain or an address literal; it goes into Received, so that nothing else is let through.
  if (!/^[A-Za-z0-9_.:[\]-]{1,255}$/.test(argument)) throw new BadArgument('501 5.5.4 Syntax: LHLO hostname');
  await abortTransaction(context);
  context.client = argument;
  const { servername, maxMessageBytes, takesReports, secureContext } = context.options;
  const lines = [
    servername,
    '8BITMIME', // RFC 6152
    ...mechanismsOf(context),
    'CHUNKING', // RFC 3030, without BINARYMIME: line endings are put right
    ...(takesReports ? ['DSN'] : []), // RFC 3461
    'ENHANCEDSTATUSCODES', // RFC 2034
    'IGNOREQUOTA', // Cyrus'
    'PIPELINING', // RFC 2920
    maxMessageBytes > 0 ? `SIZE ${maxMessageBytes}` : 'SIZE', // RFC 1870
    'SMTPUTF8', // RFC 6531
  ];
  if (secureContext !== undefined && !context.connection.secured) lines.push('STARTTLS'); // RFC 3207
  const last = lines.length - 1;
  context.reply(lines.map((line, index) => `250${index === last ? ' ' : '-'}${line}`).join('\r\n'));
}

/** The line AUTH (RFC 4954 §3), when there is somebody to show oneself to, and a way. */
function mechanismsOf({ options: { access }, connection, isAuthenticated }: Context): readonly string[] {
  if (access === 'everybody' || isAuthenticated) return [];
  const names = [...saslMechanisms({ plaintextAllowed: passwordsAllowed(access, connection) })];
  if (isTrusted(access, connection)) names.push('EXTERNAL');
  return names.length === 0 ? [] : [`AUTH ${names.join(' ')}`];
}
