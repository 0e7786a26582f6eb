import { saslMechanisms } from '../../lib/auth/sasl/table.ts';

/** What the session offers depends on these. */
export interface Offers {
  readonly loggedIn: boolean;
  /** A certificate is there and TLS has not begun. */
  readonly startTls: boolean;
  /** Passwords may be sent now. */
  readonly passwords: boolean;
  readonly minPollMinutes: number;
  /** -1: never. */
  readonly expireDays: number;
}

/**
 * The lines of CAPA (RFC 2449 §6, RFC 3206, RFC 5034, RFC 6856): the same after login (RFC 5034 §3 asks for SASL there, too)
 * but for STLS, which is told where it may be said (RFC 2595 §4).
 */
export function capabilities(offers: Offers): readonly string[] {
  const { loggedIn, startTls, passwords, minPollMinutes, expireDays } = offers;
  const mechanisms = saslMechanisms({ plaintextAllowed: passwords });
  const login = [
    ...(startTls && !loggedIn ? ['STLS'] : []),
    ...(passwords ? ['USER'] : []),
    ...(mechanisms.length > 0 ? [`SASL ${mechanisms.join(' ')}`] : []),
    'UTF8 USER',
  ];
  return [
    'TOP',
    'UIDL',
    'RESP-CODES',
    'AUTH-RESP-CODE',
    'PIPELINING',
    `EXPIRE ${expireDays < 0 ? 'NEVER' : expireDays}`,
    `LOGIN-DELAY ${minPollMinutes * 60}`,
    'LANG',
    ...login,
    'IMPLEMENTATION Cirrus',
  ];
}
