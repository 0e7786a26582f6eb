import type { SecureContext } from 'node:tls';
import type { Authenticator } from '../../lib/auth/authenticator.ts';
import type { Logins } from '../../lib/auth/logins.ts';
import type { ManageSieveLimits } from '../../lib/base/limits.ts';
import type { Log } from '../../lib/base/log.ts';
import type { Account } from '../../lib/store/account.ts';
import type { User } from '../../lib/store/directory.ts';
import type { MailStore } from '../../lib/store/mail-store.ts';
import type { ScriptLimits } from '../../lib/store/scripts.ts';
import type { Connection } from '../net/connection.ts';
import type { Input } from './input.ts';

/** Why a script cannot be taken, and where; counted from 1. */
export interface ScriptProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** What is known of the language. */
export interface SieveLanguage {
  /** Extensions that a script may require, as the capability SIEVE lists them (RFC 5804 §1.7). */
  readonly extensions: readonly string[];
  /** Redirections of one run, as the capability MAXREDIRECTS tells them. */
  readonly redirects: number;
  /** None: the script is valid. */
  check(script: string): readonly ScriptProblem[];
}

/** What ManageSieve sessions are run with. */
export interface ManageSieveOptions {
  readonly store: MailStore;
  readonly authenticator: Authenticator;
  /** Counts the sessions of users. */
  readonly logins: Logins;
  readonly language: SieveLanguage;
  /** What one user may keep (`sieve_maxscripts`, `sieve_maxscriptsize`). */
  readonly scriptLimits: ScriptLimits;
  /** Passwords may be sent outside TLS (`allowplaintext`). */
  readonly allowPlaintext: boolean;
  /** The certificate of the moment; STARTTLS is offered when it is given. */
  readonly secureContext?: () => SecureContext;
  readonly log: Log;
  readonly limits: ManageSieveLimits;
}

/** What the commands see of the session. */
export interface Context {
  readonly options: ManageSieveOptions;
  readonly connection: Connection;
  readonly input: Input;
  readonly log: Log;
  /** Whether passwords may be sent now. */
  readonly passwordsAllowed: boolean;
  readonly isLoggedIn: boolean;
  /** The user's scripts; only asked for after login. */
  readonly account: Account;
  /** Adds to the output. */
  write(data: string | Uint8Array): void;
  /** False: the user has as many sessions as may be. */
  logIn(user: User): boolean;
  logOut(): void;
  /** Counts a failed login; too many end the session. */
  failLogin(): void;
  /** Ends the session after the answer. */
  finish(): void;
}
