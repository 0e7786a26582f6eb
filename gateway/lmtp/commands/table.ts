import type { Context } from '../context.ts';
import { auth } from './auth.ts';
import { bdat } from './bdat.ts';
import { data } from './data.ts';
import { lhlo } from './lhlo.ts';
import { mail } from './mail.ts';
import { rcpt } from './rcpt.ts';
import { rset } from './rset.ts';
import { starttls } from './starttls.ts';

/** Runs one command; throws {@link BadArgument} when its argument cannot be understood. */
export type Command = (context: Context, argument: string) => void | Promise<void>;

/** Every verb of LMTP: those of SMTP, with LHLO for EHLO (RFC 2033 §4.1). */
export const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['LHLO', lhlo],
  ['AUTH', auth],
  ['MAIL', mail],
  ['RCPT', rcpt],
  ['DATA', data],
  ['BDAT', bdat],
  ['RSET', rset],
  ['STARTTLS', starttls],
  ['NOOP', (context) => context.reply('250 2.0.0 ok')],
  ['VRFY', (context) => context.reply('252 2.3.3 try RCPT to attempt delivery')],
  ['QUIT', (context) => context.finish('221 2.0.0 bye')],
  ['HELP', (context) => context.reply('214 2.0.0 LHLO AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY STARTTLS QUIT')],
  // RFC 2033 §4.1: an LMTP server must not answer these with success.
  ['HELO', (context) => context.reply('500 5.5.1 This is LMTP: say LHLO')],
  ['EHLO', (context) => context.reply('500 5.5.1 This is LMTP: say LHLO')],
]);
