import type { SecureContext } from 'node:tls';
import type { Authenticator } from '../../lib/auth/authenticator.ts';
import type { Pop3Limits } from '../../lib/base/limits.ts';
import type { Log } from '../../lib/base/log.ts';
import type { User } from '../../lib/store/directory.ts';
import type { MailStore } from '../../lib/store/mail-store.ts';
import type { Connection } from '../net/connection.ts';
import type { Input } from './input.ts';
import type { Maildrop } from './maildrop.ts';

/** What POP3 sessions are run with. */
export interface Pop3Options {
  readonly store: MailStore;
  readonly authenticator: Authenticator;
  /** Our name, in the greeting. */
  readonly servername: string;
  /** Passwords may be sent outside TLS (`allowplaintext`). */
  readonly allowPlaintext: boolean;
  /** The certificate of the moment; STLS is offered when it is given. */
  readonly secureContext?: () => SecureContext;
  /** Minutes that must pass between two logins of a user (`popminpoll`); 0: none. */
  readonly minPollMinutes: number;
  /** Days that mail may stay, as CAPA tells (`popexpiretime`); -1: for ever. */
  readonly expireDays: number;
  readonly log: Log;
  readonly limits: Pop3Limits;
}

/** What the commands see of the session. */
export interface Context {
  readonly options: Pop3Options;
  readonly connection: Connection;
  readonly input: Input;
  readonly log: Log;
  /** Whether passwords may be sent now. */
  readonly passwordsAllowed: boolean;
  readonly loggedIn: boolean;
  /** The mail of the session; only asked for after login. */
  readonly maildrop: Maildrop;
  /** What USER said; only good for the next PASS. */
  name: string | undefined;
  /** UTF8 was said (RFC 6856 §2.1). */
  utf8: boolean;
  /** Answers a command well. */
  ok(text: string): void;
  /** Adds a line, or octets of a message, to the output. */
  write(data: string | Uint8Array): void;
  /** Waits while the client lags behind in reading; throws `ConnectionClosed` when it is gone. */
  flow(): Promise<void>;
  /** Opens the user's INBOX, alone (RFC 1939 §4); throws `StoreError('in-use')`, {@link Refused}. */
  logIn(user: User): Promise<void>;
  /** Counts a failed login; too many end the session. */
  failLogin(): void;
  /** The session ends after this command. */
  end(): void;
}
