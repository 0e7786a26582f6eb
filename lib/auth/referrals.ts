import { splitUserName, type User } from '../store/directory.ts';
import { userNames } from '../store/user-names.ts';
import type { Authenticator } from './authenticator.ts';

/** Who is served by which other server (`referrals`): `anna`, `anna@example.net` or `@example.net`, and `host[:port]`. */
export type Referral = readonly [who: string, server: string];

/** Users whose mail is on other servers; a user's own line counts before that of the domain. */
export class Referrals {
  /** Of the users that are named. */
  readonly users: readonly string[];
  readonly #servers: ReadonlyMap<string, string>;
  readonly #defaultDomain: string | undefined;

  constructor(referrals: readonly Referral[], defaultDomain: string | undefined) {
    this.#servers = new Map(referrals.map(([who, server]) => [who.toLowerCase().normalize('NFC'), server]));
    this.#defaultDomain = defaultDomain;
    this.users = [...this.#servers.keys()].filter((who) => !who.startsWith('@'));
  }

  /** `host[:port]` where the user is served, undefined: here. */
  serverOf(name: string): string | undefined {
    const lower = name.toLowerCase();
    const at = lower.lastIndexOf('@');
    const given =
      at < 0 ? { local: lower, domain: undefined } : { local: lower.slice(0, at), domain: lower.slice(at + 1) };
    const candidates = userNames(given, this.#defaultDomain);
    for (const candidate of candidates) {
      const server = this.#servers.get(candidate);
      if (server !== undefined) return server;
    }
    for (const candidate of candidates) {
      const server = this.serverOfDomain(splitUserName(candidate).domain);
      if (server !== undefined) return server;
    }
    return undefined;
  }

  serverOfDomain(domain: string): string | undefined {
    return this.#servers.get(`@${domain.toLowerCase().normalize('NFC')}`);
  }
}

/** Ends a login: the user is served elsewhere. Nothing is known of the password. */
export class ServedElsewhere extends Error {
  override readonly name = 'ServedElsewhere';
  readonly user: string;
  /** `host[:port]` */
  readonly server: string;

  constructor(user: string, server: string) {
    super(`${user} is served by ${server}`);
    this.user = user;
    this.server = server;
  }
}

/** The authenticator, but rejecting with {@link ServedElsewhere} for users of other servers, whatever the password. */
export function referring(authenticator: Authenticator, referrals: Referrals | undefined): Authenticator {
  if (referrals === undefined) return authenticator;
  const requireHere = (name: string): void => {
    const server = referrals.serverOf(name);
    if (server !== undefined) throw new ServedElsewhere(name, server);
  };
  return {
    async authenticate(name, password, remoteAddress): Promise<User | undefined> {
      requireHere(name);
      return authenticator.authenticate(name, password, remoteAddress);
    },
    async authorize(actor, name): Promise<User | undefined> {
      requireHere(name);
      return authenticator.authorize(actor, name);
    },
  };
}
