import { SaslRefused } from '../../../lib/auth/sasl/mechanism.ts';
import { authenticateSasl, saslMechanisms } from '../../../lib/auth/sasl/table.ts';
import { decodeBase64 } from '../../../lib/base/base64.ts';
import type { Context } from '../context.ts';
import { Refused } from '../errors.ts';
import { BadArgument, words } from '../wire/arguments.ts';
import { greet, loginFailed, passwordsRefused } from './pass.ts';

/** AUTH (RFC 5034 §4), the initial response with the command or after `+`; without arguments, the mechanisms. */
export async function auth(context: Context, rest: string): Promise<void> {
  const [mechanism, initial] = words(rest, 0, 2, 'AUTH mechanism [initial response]');
  const { passwordsAllowed: plaintextAllowed, connection, input } = context;
  if (mechanism === undefined) return listMechanisms(context);
  const initialResponse = initial === undefined ? undefined : decoded(initial);
  const { remoteAddress } = connection;
  const ask = (challenge: string): Promise<string> => input.answer(challenge);
  try {
    const exchange = { mechanism, initialResponse, plaintextAllowed, remoteAddress, ask };
    const { user } = await authenticateSasl(exchange, context.options.authenticator);
    await context.logIn(user);
  } catch (error) {
    if (!(error instanceof SaslRefused)) throw error;
    throw refused(context, error);
  }
  greet(context);
}

/** Quirk (Outlook Express): AUTH alone asks for a list, as in the draft that RFC 1734 grew from. */
function listMechanisms(context: Context): void {
  const names = saslMechanisms({ plaintextAllowed: context.passwordsAllowed });
  context.ok('Mechanisms follow');
  context.write([...names, '.', ''].join('\r\n'));
}

/** RFC 5034 §4: an initial response of no octets is `=`. */
function decoded(initial: string): Buffer {
  const octets = initial === '=' ? Buffer.alloc(0) : decodeBase64(initial);
  if (octets === null) throw new BadArgument('This is not base64');
  return octets;
}

function refused(context: Context, { reason, user }: SaslRefused): Error {
  switch (reason) {
    case 'unknown-mechanism':
      return new Refused('Authentication failed: this mechanism is not offered');
    case 'needs-tls':
      return passwordsRefused();
    case 'cancelled':
      return new Refused('Authentication was cancelled');
    case 'malformed':
      return new BadArgument('This is not a response of the mechanism');
    case 'failed':
      return loginFailed(context, user);
    case 'not-permitted':
      return new Refused('Nobody may act for others', 'AUTH');
  }
}
