import { type SaslRefusal, SaslRefused } from '../../../lib/auth/sasl/mechanism.ts';
import { authenticateSasl } from '../../../lib/auth/sasl/table.ts';
import { decodeBase64 } from '../../../lib/base/base64.ts';
import { StoreError } from '../../../lib/store/errors.ts';
import { isTrusted, type LmtpAccess, passwordsAllowed } from '../access.ts';
import type { Context } from '../context.ts';
import { ClientGone } from '../input.ts';
import { BadArgument } from '../wire/path.ts';

const DONE = '235 2.7.0 Authentication successful';

/** AUTH (RFC 4954): whoever may deliver and is not trusted as it is shows so. */
export async function auth(context: Context, argument: string): Promise<void> {
  const [mechanism = '', initial, ...more] = argument.split(/ +/);
  if (mechanism === '' || more.length > 0) throw new BadArgument('501 5.5.4 Syntax: AUTH mechanism [initial response]');
  const { access } = context.options;
  if (access === 'everybody') return context.reply('502 5.5.1 AUTH not available');
  if (context.client === undefined) return context.reply('503 5.5.1 Say LHLO first');
  if (context.isAuthenticated) return context.reply('503 5.5.1 Already authenticated');
  if (context.envelope !== undefined) return context.reply('503 5.5.1 AUTH inside a transaction');
  // RFC 4954 §4: an initial response of no octets is `=`.
  const initialResponse = initial === undefined ? undefined : initial === '=' ? Buffer.alloc(0) : decodeBase64(initial);
  if (initialResponse === null) throw new BadArgument('501 5.5.2 The initial response is not base64');
  try {
    await logIn(context, access, mechanism, initialResponse);
    context.reply(DONE);
  } catch (error) {
    refuse(context, error);
  }
}

async function logIn(
  context: Context,
  access: LmtpAccess,
  mechanism: string,
  initialResponse: Buffer | undefined,
): Promise<void> {
  const { connection } = context;
  const ask = (challenge: string): Promise<string> => answer(context, challenge);
  if (mechanism.toUpperCase() === 'EXTERNAL' && isTrusted(access, connection)) {
    // RFC 4422 A: the client is who we know it to be; for whom it acts makes no difference to a delivery.
    if (initialResponse === undefined && (await ask('')) === '*') throw new SaslRefused('cancelled');
    return context.logIn(undefined);
  }
  const { remoteAddress } = connection;
  const plaintextAllowed = passwordsAllowed(access, connection);
  const exchange = { mechanism, initialResponse, plaintextAllowed, remoteAddress, ask };
  const { authenticated } = await authenticateSasl(exchange, access.authenticator);
  if (!access.admins.includes(authenticated.name.toLowerCase())) {
    throw new SaslRefused('not-permitted', authenticated.name);
  }
  context.logIn(authenticated.name);
}

/** Sends a challenge and gives the answer as it came. */
async function answer(context: Context, challenge: string): Promise<string> {
  context.reply(`334 ${challenge}`);
  const line = await context.input.line();
  if (line === undefined) throw new ClientGone('the client left in the middle of AUTH');
  if (line.kind === 'bare-lf') context.finish('500 5.5.2 Lines must end with CRLF');
  if (line.kind !== 'line') throw new SaslRefused('malformed');
  return line.bytes.toString('latin1');
}

function refuse(context: Context, error: unknown): void {
  if (error instanceof StoreError && error.code === 'unavailable') {
    context.log.error({ err: error }, 'logins cannot be checked');
    context.reply('454 4.7.0 Temporary authentication failure');
    return;
  }
  if (!(error instanceof SaslRefused)) throw error;
  const { reason, user } = error;
  if (reason === 'failed' || reason === 'not-permitted')
    context.log.info({ name: user?.slice(0, 250), reason }, 'login failed');
  context.reply(refusals[reason]);
  if (reason === 'failed') context.failLogin();
}

/** RFC 4954 §4 and §6; 501 for somebody who may not deliver is Cyrus'. */
const refusals = {
  'unknown-mechanism': '504 5.5.4 This mechanism is not supported',
  'needs-tls': '538 5.7.11 Encryption required for requested authentication mechanism',
  cancelled: '501 5.7.0 Authentication was cancelled',
  malformed: '501 5.5.2 This is not a response of the mechanism',
  failed: '535 5.7.8 Authentication credentials invalid',
  'not-permitted': '501 5.5.4 This user may not deliver (lmtp_admins)',
} satisfies Record<SaslRefusal, string>;
