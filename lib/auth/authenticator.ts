import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, systemClock } from '../base/clock.ts';
import type { Networks } from '../base/config-networks.ts';
import { Account } from '../store/account.ts';
import { Directory, type User } from '../store/directory.ts';
import type { MailStore } from '../store/mail-store.ts';
import { userNames } from '../store/user-names.ts';
import { type AuthLimits, authLimits, type ThrottleLimits } from './limits.ts';
import { verifyPassword } from './password.ts';
import { type Attempt, Throttle } from './throttle.ts';

/** Says who a client is. Protocols ask it and nothing else, whichever mechanism brought the password. */
export interface Authenticator {
  /**
   * The user whose password this is; undefined when there is none such, or when the user or the address had too many
   * failures lately: the client must not learn which. `remoteAddress`: '' for a Unix socket. Slow on purpose after
   * failures; rejects with `StoreError('unavailable')` when the directory cannot be read.
   */
  authenticate(name: string, password: string, remoteAddress: string): Promise<User | undefined>;

  /**
   * The user of that name when `actor`, who is authenticated, may act for them: an administrator for those whom they administer, others
   * for themselves (RFC 4422 §3.4.1). Undefined when not, or when there is none: who may not must not learn which.
   */
  authorize(actor: User, name: string): Promise<User | undefined>;
}

export interface DirectoryAuthenticatorOptions {
  readonly clock?: Clock;
  /** Domain of users named without one (`defaultdomain`). */
  readonly defaultDomain?: string | undefined;
  /** Administrators, who may act for others (`admins`); one with a domain in that domain only. */
  readonly admins?: readonly string[];
  readonly limits?: Partial<AuthLimits & ThrottleLimits>;
  /** Whether failures from loopback addresses count per address; they do not by default: they may be a webmail's. */
  readonly countLoopback?: boolean;
  /** Addresses whose failures are not counted for them: many people's (`login_trusted_networks`). */
  readonly uncounted?: Networks;
  /** Told when failures cannot be counted; logins go on without. */
  readonly onError?: (error: unknown) => void;
  /** Waits before a failure is answered. */
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** A password that was right a while ago. */
interface Success {
  readonly proof: Buffer;
  readonly atMs: number;
}

/** Checks passwords against the verifiers in the directory. */
export class DirectoryAuthenticator implements Authenticator {
  readonly #directory: Directory;
  readonly #clock: Clock;
  readonly #defaultDomain: string | undefined;
  readonly #store: MailStore;
  readonly #admins: readonly string[];
  readonly #limits: AuthLimits;
  readonly #throttle: Throttle;
  readonly #wait: (ms: number) => Promise<unknown>;
  /**
   * Keys the proofs of this process: nothing that could be attacked offline is kept. An object, because of bytes one would be
   * made for each proof, which takes longer than the proof.
   */
  readonly #secret = createSecretKey(randomBytes(32));
  /** By user and address, oldest first: elsewhere a right guess must pass the throttle like a wrong one. */
  readonly #successes = new Map<string, Success>();
  /** Attempts under way, by what they would prove: a client that opens five connections at once costs one. */
  readonly #attempts = new Map<string, Promise<Attempt>>();

  constructor(store: MailStore, options: DirectoryAuthenticatorOptions = {}) {
    this.#directory = new Directory(store.ports.index);
    this.#clock = options.clock ?? systemClock;
    this.#defaultDomain = options.defaultDomain || undefined;
    this.#store = store;
    this.#admins = options.admins ?? [];
    this.#limits = { ...authLimits, ...options.limits };
    this.#wait = options.wait ?? ((ms) => sleep(ms));
    this.#throttle = new Throttle(store.ports.index, {
      clock: this.#clock,
      onError: options.onError ?? (() => undefined),
      ...(options.limits && { limits: options.limits }),
      ...(options.uncounted && { uncounted: options.uncounted }),
      ...(options.countLoopback !== undefined && { countLoopback: options.countLoopback }),
    });
  }

  async authenticate(name: string, password: string, remoteAddress: string): Promise<User | undefined> {
    const user = await this.#find(name);
    const proof = this.#prove(user, password);
    const place = `${user?.id ?? ''} ${remoteAddress}`;
    if (user !== undefined && this.#isKnown(place, proof)) return user;

    const subjects = this.#throttle.subjects(user, name.toLowerCase(), remoteAddress);
    const verify = (): Promise<boolean> => verifyPassword(password, user?.verifier);
    const what = `${name} ${place} ${proof.toString('latin1')}`;
    const { ok, delayMs } = await this.#once(what, () => this.#throttle.attempt(subjects, verify));
    if (ok && user !== undefined) {
      this.#remember(place, proof);
      return user;
    }
    if (delayMs > 0) await this.#wait(delayMs);
    return undefined;
  }

  async authorize(actor: User, name: string): Promise<User | undefined> {
    const user = await this.#find(name);
    if (user === undefined || user.id === actor.id) return user;
    return new Account(this.#store, actor, { admins: this.#admins }).administers(user.name) ? user : undefined;
  }

  /** Every candidate is looked up, so that the time tells nothing. */
  async #find(name: string): Promise<User | undefined> {
    const names = userNames(partsOf(name.toLowerCase()), this.#defaultDomain);
    const found = await Promise.all(names.map((candidate) => this.#directory.find(candidate)));
    return found.find((user) => user !== undefined);
  }

  #once(what: string, attempt: () => Promise<Attempt>): Promise<Attempt> {
    const underWay = this.#attempts.get(what);
    if (underWay !== undefined) return underWay;
    const begun = attempt().finally(() => this.#attempts.delete(what));
    this.#attempts.set(what, begun);
    return begun;
  }

  /** Stands for the password and the verifier together: another verifier, and the proof is void. */
  #prove(user: User | undefined, password: string): Buffer {
    const verifier = user?.verifier ?? '';
    return createHmac('sha256', this.#secret).update(`${verifier.length}:${verifier}${password}`).digest();
  }

  #isKnown(place: string, proof: Buffer): boolean {
    const success = this.#successes.get(place);
    if (success === undefined) return false;
    const age = this.#clock.now() - success.atMs;
    return age >= 0 && age < this.#limits.successMs && timingSafeEqual(success.proof, proof);
  }

  #remember(place: string, proof: Buffer): void {
    this.#successes.delete(place);
    this.#successes.set(place, { proof, atMs: this.#clock.now() });
    if (this.#successes.size <= this.#limits.successes) return;
    const [oldest] = this.#successes.keys();
    if (oldest !== undefined) this.#successes.delete(oldest);
  }
}

function partsOf(name: string): { readonly local: string; readonly domain: string | undefined } {
  const at = name.lastIndexOf('@');
  return at < 0 ? { local: name, domain: undefined } : { local: name.slice(0, at), domain: name.slice(at + 1) };
}
