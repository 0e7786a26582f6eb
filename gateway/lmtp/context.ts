import type { SecureContext } from 'node:tls';
import type { Clock } from '../../lib/base/clock.ts';
import type { Bytes } from '../../lib/base/config.ts';
import type { LmtpLimits } from '../../lib/base/limits.ts';
import type { Log } from '../../lib/base/log.ts';
import type { Delivery, MessageReports, Recipient } from '../../lib/delivery/ports.ts';
import type { Connection } from '../net/connection.ts';
import type { LmtpAccess } from './access.ts';
import type { Input } from './input.ts';
import type { Intake } from './intake.ts';

/** What LMTP sessions are run with. */
export interface LmtpOptions {
  readonly delivery: Delivery;
  /** Who may deliver. */
  readonly access: LmtpAccess | 'everybody';
  /** Our name, in the greeting and in Received. */
  readonly servername: string;
  /** Largest message, 0 for any (`maxmessagesize`). */
  readonly maxMessageBytes: Bytes;
  /** `lmtp_over_quota_perm_failure` */
  readonly overQuotaIsPermanent: boolean;
  /** Whether reports can be sent: what clients say of them is taken then (RFC 3461). */
  readonly takesReports: boolean;
  /** The certificate of the moment; STARTTLS is offered when it is given. */
  readonly secureContext?: () => SecureContext;
  readonly log: Log;
  readonly clock: Clock;
  readonly limits: LmtpLimits;
}

/** From MAIL to the last reply. */
export interface Envelope {
  readonly sender: string;
  /** As declared by SIZE. */
  readonly sizeBytes: Bytes | undefined;
  /** Whether SMTPUTF8 was asked for. */
  readonly utf8: boolean;
  /** Whether full mailboxes take the message too (IGNOREQUOTA). */
  readonly ignoreQuota: boolean;
  readonly reports: MessageReports;
  /** In the order of their RCPT, with doubles: each gets a reply of its own (RFC 2033 §4.2). */
  readonly recipients: Recipient[];
  /** The message, from the first BDAT on, or during DATA. */
  intake: Intake | undefined;
}

/** What the commands see of the session. */
export interface Context {
  readonly options: LmtpOptions;
  readonly connection: Connection;
  readonly input: Input;
  readonly log: Log;
  /** Name given in LHLO; undefined before it. */
  client: string | undefined;
  /** Whether the client has logged in. */
  readonly isAuthenticated: boolean;
  /** Who it is, if it has, and has a name. */
  readonly user: string | undefined;
  /** Whether the client has logged in, or need not. */
  readonly mayDeliver: boolean;
  /** The client has logged in, as this user or as who it is known to be. */
  logIn(user: string | undefined): void;
  /** It has not any more. */
  logOut(): void;
  /** Counts a failed login; too many end the session. */
  failLogin(): void;
  /** The transaction, if there is one. */
  envelope: Envelope | undefined;
  /** Sends a reply; lines are separated by CRLF, the last one is added. */
  reply(text: string): void;
  /** Sends the last reply and ends the session. */
  finish(text: string): void;
  /** Logs an internal error under an id, which is in the text for the client. */
  internalError(err: unknown): string;
}
