import { ServedElsewhere } from '../../../lib/auth/referrals.ts';
import type { User } from '../../../lib/store/directory.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { referLogin } from '../referrals.ts';
import { no, ok, type Reply } from '../reply.ts';
import { capabilityCode } from '../wire/write/response-code.ts';

/** LOGIN (RFC 9051 §6.2.3). */
export async function login(context: Context, { user, password }: CommandOf<'LOGIN'>): Promise<Reply> {
  if (!context.passwordsAllowed) return passwordsRefused();
  const { authenticator } = context.options;
  try {
    const found = await authenticator.authenticate(user, password, context.connection.remoteAddress);
    return found === undefined ? loginFailed(context, user) : loggedIn(context, found);
  } catch (error) {
    return servedElsewhere(context, error, null);
  }
}

/** A referral counts as a failure of this connection; what is none is thrown on. `mechanism`: null for LOGIN. */
export function servedElsewhere(context: Context, error: unknown, mechanism: string | null): Reply {
  if (!(error instanceof ServedElsewhere)) throw error;
  context.log.info({ name: error.user, server: error.server }, 'referred');
  context.failLogin();
  return referLogin(error, mechanism);
}

/** RFC 9051 §7.1, PRIVACYREQUIRED. */
export function passwordsRefused(): Reply {
  return no('Passwords are only taken inside TLS: use STARTTLS first', 'PRIVACYREQUIRED');
}

/** One more failure of this connection. */
export function loginFailed(context: Context, name: string): Reply {
  context.log.info({ name: name.slice(0, 250) }, 'login failed');
  context.failLogin();
  return no('Login failed: authentication failure', 'AUTHENTICATIONFAILED');
}

/** The rest of the session is the user's. */
export function loggedIn(context: Context, user: User): Reply {
  if (!context.logIn(user)) {
    context.log.info({ user: user.name }, 'too many sessions');
    return no('Too many sessions of this user: end another one first', 'LIMIT');
  }
  context.log.info('logged in');
  return ok('User logged in', capabilityCode(context.capabilities));
}
