import { type SaslRefusal, SaslRefused } from '../../../lib/auth/sasl/mechanism.ts';
import { authenticateSasl } from '../../../lib/auth/sasl/table.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { bad, no, type Reply } from '../reply.ts';
import { loggedIn, loginFailed, passwordsRefused, servedElsewhere } from './login.ts';

/** AUTHENTICATE (RFC 9051 §6.2.2, RFC 4959), the initial response with the command or after `+`. */
export async function authenticate(
  context: Context,
  { mechanism, initialResponse }: CommandOf<'AUTHENTICATE'>,
): Promise<Reply> {
  const exchange = {
    mechanism,
    initialResponse: initialResponse ?? undefined,
    plaintextAllowed: context.passwordsAllowed,
    remoteAddress: context.connection.remoteAddress,
    ask: (challenge: string) => context.input.answer(challenge),
  };
  try {
    const { user, authenticated } = await authenticateSasl(exchange, context.options.authenticator);
    if (user.id !== authenticated.id) context.log.info({ admin: authenticated.name, user: user.name }, 'acts for');
    return loggedIn(context, user);
  } catch (error) {
    if (!(error instanceof SaslRefused)) return servedElsewhere(context, error, mechanism);
    return refusals[error.reason](context, mechanism, error.user ?? '');
  }
}

const refusals = {
  'unknown-mechanism': () => no('This mechanism is not supported'),
  'needs-tls': passwordsRefused,
  cancelled: () => bad('Authentication was cancelled'),
  malformed: (_context, mechanism) => bad(`This is not a response of the mechanism ${mechanism}`),
  failed: (context, _mechanism, name) => loginFailed(context, name),
  'not-permitted': () => no('You may not act for others', 'AUTHORIZATIONFAILED'),
} satisfies Record<SaslRefusal, (context: Context, mechanism: string, name: string) => Reply>;
