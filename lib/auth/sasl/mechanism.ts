import type { User } from '../../store/directory.ts';
import type { Authenticator } from '../authenticator.ts';

/** Why nobody was authenticated; every protocol says it in its own words. */
export type SaslRefusal =
  | 'unknown-mechanism'
  | 'needs-tls' /* the password would be readable on the way */
  | 'cancelled' /* by the client */
  | 'malformed' /* not base64, or not what the mechanism asks for */
  | 'failed' /* the password is wrong, or nobody has it */
  | 'not-permitted'; /* the password is right, but the user may not act for the other */

/** Ends an exchange. */
export class SaslRefused extends Error {
  override readonly name = 'SaslRefused';
  readonly reason: SaslRefusal;
  /** Whom the client said to be, once it did; for the log. */
  readonly user: string | undefined;

  constructor(reason: SaslRefusal, user?: string) {
    super(reason);
    this.reason = reason;
    this.user = user;
  }
}

/** The client, as a mechanism sees it. */
export interface SaslClient {
  /** What came with the command; undefined without (RFC 4422 §3.3). */
  readonly initialResponse: Buffer | undefined;
  /** Sends a challenge and gives the answer; throws {@link SaslRefused}. */
  ask(challenge: string): Promise<Buffer>;
  /** '' for a Unix socket. */
  readonly remoteAddress: string;
}

/** Somebody who has shown who they are. */
export interface SaslIdentity {
  readonly user: User;
  /** Whom the user wants to act for; '' for nobody else (RFC 4422 §3.4.1). */
  readonly as: string;
}

/** One way to show who one is (RFC 4422). */
export interface SaslMechanism {
  readonly name: string;
  /** Whether the password is readable on the way: only inside TLS, unless the configuration says otherwise. */
  readonly plaintext: boolean;
  /** Throws {@link SaslRefused}; rejects with `StoreError('unavailable')` when the directory cannot be read. */
  run(client: SaslClient, authenticator: Authenticator): Promise<SaslIdentity>;
}

/** Checks a name and a password that came in clear. */
export async function identify(
  { remoteAddress }: SaslClient,
  authenticator: Authenticator,
  { as, name, password }: { readonly as: string; readonly name: string; readonly password: string },
): Promise<SaslIdentity> {
  const user = await authenticator.authenticate(name, password, remoteAddress);
  if (user === undefined) throw new SaslRefused('failed', name);
  return { user, as: as === name ? '' : as };
}

/** Text of the client; what is not UTF-8 becomes U+FFFD, which no name and no password has. */
export function saslText(octets: Buffer): string {
  return octets.toString('utf8');
}
