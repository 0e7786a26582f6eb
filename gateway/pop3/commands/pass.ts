import type { Context } from '../context.ts';
import { Refused } from '../errors.ts';
import { BadArgument } from '../wire/arguments.ts';

/** PASS (RFC 1939 §7): the rest of the line is the password, spaces and all. */
export async function pass(context: Context, rest: string): Promise<void> {
  const { name, connection } = context;
  context.name = undefined;
  if (rest === '') throw new BadArgument('Syntax: PASS password');
  if (!context.passwordsAllowed) throw passwordsRefused();
  if (name === undefined) throw new Refused('Say USER first');
  const user = await context.options.authenticator.authenticate(name, rest, connection.remoteAddress);
  if (user === undefined) throw loginFailed(context, name);
  await context.logIn(user);
  greet(context);
}

/** What a login is answered, whichever command brought it. */
export function greet(context: Context): void {
  context.log.info('logged in');
  const { messages, sizeBytes } = context.maildrop.total;
  context.ok(`Mailbox locked and ready, ${messages} messages (${sizeBytes} octets)`);
}

/** Counts a wrong password; RFC 3206 §4: [AUTH] says that the credentials are at fault, and nothing else. */
export function loginFailed(context: Context, name: string | undefined): Refused {
  context.log.info({ name: name?.slice(0, 250) }, 'login failed');
  context.failLogin();
  return new Refused('Invalid login', 'AUTH');
}

export function passwordsRefused(): Refused {
  return new Refused('Passwords are only taken inside TLS: use STLS first');
}
