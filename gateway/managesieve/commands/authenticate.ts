import { type SaslRefusal, SaslRefused } from '../../../lib/auth/sasl/mechanism.ts';
import { authenticateSasl } from '../../../lib/auth/sasl/table.ts';
import { decodeBase64 } from '../../../lib/base/base64.ts';
import type { Context } from '../context.ts';
import type { CommandOf } from '../wire/parse-command.ts';
import { no, ok, type Reply } from '../wire/write.ts';

/** AUTHENTICATE (RFC 5804 §2.1): challenges and answers are strings of base64. */
export async function authenticate(context: Context, command: CommandOf<'AUTHENTICATE'>): Promise<Reply> {
  const { connection, input, options } = context;
  const initialResponse = command.initialResponse === undefined ? undefined : decodeBase64(command.initialResponse);
  if (initialResponse === null) return no('The initial response is not base64');
  const exchange = {
    mechanism: command.mechanism,
    initialResponse,
    plaintextAllowed: context.passwordsAllowed,
    remoteAddress: connection.remoteAddress,
    ask: (challenge: string) => input.answer(challenge),
  };
  try {
    const { user, authenticated } = await authenticateSasl(exchange, options.authenticator);
    if (!context.logIn(user)) {
      context.log.info({ user: user.name }, 'too many sessions');
      return no('Too many sessions of this user: end another one first', 'TRYLATER');
    }
    if (user.id !== authenticated.id) context.log.info({ admin: authenticated.name }, 'acts for');
    context.log.info('logged in');
    return ok();
  } catch (error) {
    if (!(error instanceof SaslRefused)) throw error;
    if (error.reason === 'failed') {
      context.log.info({ name: error.user?.slice(0, 250) }, 'login failed');
      context.failLogin();
    }
    return refusals[error.reason];
  }
}

const refusals = {
  'unknown-mechanism': no('This mechanism is not supported'),
  'needs-tls': no('Passwords are only taken inside TLS: use STARTTLS first', 'ENCRYPT-NEEDED'),
  cancelled: no('Authentication was cancelled'),
  malformed: no('This is not a response of the mechanism'),
  failed: no('Authentication Error'),
  'not-permitted': no('You may not act for others'),
} satisfies Record<SaslRefusal, Reply>;
