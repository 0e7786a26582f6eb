import { decodeBase64 } from '../../base/base64.ts';
import type { User } from '../../store/directory.ts';
import type { Authenticator } from '../authenticator.ts';
import { login } from './login.ts';
import { type SaslMechanism, SaslRefused } from './mechanism.ts';
import { plain } from './plain.ts';

/** Every mechanism, the better ones first; all protocols offer these and no others. */
const mechanisms: readonly SaslMechanism[] = [plain, login];

/** Names of the mechanisms that a client may use now. */
export function saslMechanisms({ plaintextAllowed }: { readonly plaintextAllowed: boolean }): readonly string[] {
  return mechanisms.filter(({ plaintext }) => plaintextAllowed || !plaintext).map(({ name }) => name);
}

/** An exchange as the protocol carries it. */
export interface SaslExchange {
  /** In any case. */
  readonly mechanism: string;
  /** Decoded; undefined when none came with the command. */
  readonly initialResponse: Buffer | undefined;
  /** Whether passwords may be sent readable now. */
  readonly plaintextAllowed: boolean;
  /** '' for a Unix socket. */
  readonly remoteAddress: string;
  /** Sends a challenge in base64 ('' when it is empty) and gives the answer as it came: base64, or `*` to cancel. */
  ask(challenge: string): Promise<string>;
}

/** Who is logged in from now on. */
export interface SaslLogin {
  readonly user: User;
  /** Whose password it was: an administrator's when the user is another one. */
  readonly authenticated: User;
}

/**
 * Runs the exchange of AUTHENTICATE or AUTH (RFC 4422), whichever protocol it is. Throws {@link SaslRefused}; rejects with
 * `StoreError('unavailable')` when the directory cannot be read, and with what `ask` rejects with.
 */
export async function authenticateSasl(exchange: SaslExchange, authenticator: Authenticator): Promise<SaslLogin> {
  const mechanism = mechanisms.find(({ name }) => name === exchange.mechanism.toUpperCase());
  if (mechanism === undefined) throw new SaslRefused('unknown-mechanism');
  if (mechanism.plaintext && !exchange.plaintextAllowed) throw new SaslRefused('needs-tls');
  const { initialResponse, remoteAddress } = exchange;
  const ask = async (challenge: string): Promise<Buffer> => {
    const answer = await exchange.ask(Buffer.from(challenge, 'utf8').toString('base64'));
    if (answer === '*') throw new SaslRefused('cancelled');
    const octets = decodeBase64(answer);
    if (octets === null) throw new SaslRefused('malformed');
    return octets;
  };
  const { user: authenticated, as } = await mechanism.run({ initialResponse, remoteAddress, ask }, authenticator);
  const user = as === '' ? authenticated : await authenticator.authorize(authenticated, as);
  if (user === undefined) throw new SaslRefused('not-permitted', authenticated.name);
  return { user, authenticated };
}
