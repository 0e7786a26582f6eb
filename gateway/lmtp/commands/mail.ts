import type { Bytes } from '../../../lib/base/config.ts';
import type { Context } from '../context.ts';
import { messageReports } from '../wire/dsn.ts';
import { BadArgument, parsePathArgument } from '../wire/path.ts';

/** MAIL: begins a transaction (RFC 5321 §4.1.1.2). */
export async function mail(context: Context, argument: string): Promise<void> {
  const { options } = context;
  const { address, parameters } = parsePathArgument('FROM:', argument, options.limits.pathBytes);
  let sizeBytes: Bytes | undefined;
  let utf8 = false;
  let ignoreQuota = false;
  for (const [name, value] of parameters) {
    if (name === 'SIZE') sizeBytes = parseSize(value);
    else if (name === 'BODY') checkBody(value);
    else if (name === 'SMTPUTF8' && value === undefined) utf8 = true;
    else if (name === 'IGNOREQUOTA' && value === undefined) ignoreQuota = true;
    else if (name === 'AUTH') checkAuth(value);
    else if ((name === 'RET' || name === 'ENVID') && options.takesReports) continue;
    else throw new BadArgument('555 5.5.4 Unsupported parameter');
  }
  const reports = messageReports(parameters);
  if (context.client === undefined) return context.reply('503 5.5.1 Say LHLO first');
  // Temporary, as with Cyrus: the MTA keeps the mail until its password is put right.
  if (!context.mayDeliver) return context.reply('430 Authentication required');
  if (context.envelope !== undefined) return context.reply('503 5.5.1 Nested MAIL command');
  if (!utf8 && !isAscii(address)) return context.reply('553 5.6.7 Address needs SMTPUTF8');
  const { maxMessageBytes } = options;
  if (maxMessageBytes > 0 && sizeBytes !== undefined && sizeBytes > maxMessageBytes) {
    return context.reply(`552 5.2.3 Message SIZE exceeds fixed maximum message size (${maxMessageBytes})`);
  }
  context.envelope = { sender: address, sizeBytes, utf8, ignoreQuota, reports, recipients: [], intake: undefined };
  context.reply('250 2.1.0 ok');
}

/** Whether an address needs no SMTPUTF8. */
export function isAscii(address: string): boolean {
  return /^[ -~]*$/.test(address);
}

/** RFC 1870 §3: `size-value ::= 1*20DIGIT` */
function parseSize(value: string | undefined): Bytes {
  if (value === undefined || !/^\d{1,20}$/.test(value)) throw new BadArgument('501 5.5.4 Syntax: SIZE=number');
  return Number(value);
}

/** RFC 6152 §2; BINARYMIME is not offered. */
function checkBody(value: string | undefined): void {
  if (value === undefined || !/^(7BIT|8BITMIME)$/i.test(value))
    throw new BadArgument('501 5.5.4 Unsupported BODY type');
}

/** RFC 4954 §5: who handed the message in first, as the client has it; believed by nobody here. */
function checkAuth(value: string | undefined): void {
  if (value === undefined) throw new BadArgument('501 5.5.4 Syntax: AUTH=mailbox');
}
