import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { no, ok, type Reply } from '../reply.ts';
import { capabilityCode } from '../wire/write/response-code.ts';

/** LOGIN (RFC 9051 §6.2.3). */
export async function login(context: Context, { user, password }: CommandOf<'LOGIN'>): Promise<Reply> {
  return context.passwordsAllowed ? logIn(context, user, password) : passwordsRefused();
}

/** RFC 9051 §7.1, PRIVACYREQUIRED. */
export function passwordsRefused(): Reply {
  return no('Passwords are only taken inside TLS: use STARTTLS first', 'PRIVACYREQUIRED');
}

/** Checks the password, whichever command brought it. */
export async function logIn(context: Context, name: string, password: string): Promise<Reply> {
  const user = await context.options.authenticator.authenticate(name, password, context.connection.remoteAddress);
  if (user === undefined) {
    context.log.info({ name: name.slice(0, 250) }, 'login failed');
    context.failLogin();
    return no('Login failed: authentication failure', 'AUTHENTICATIONFAILED');
  }
  context.logIn(user);
  context.log.info('logged in');
  return ok('User logged in', capabilityCode(context.capabilities));
}
