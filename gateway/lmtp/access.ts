import type { Authenticator } from '../../lib/auth/authenticator.ts';
import { isLocal } from '../../lib/base/config-values.ts';
import type { Connection } from '../net/connection.ts';

/** Who may deliver. */
export interface LmtpAccess {
  readonly authenticator: Authenticator;
  /** Who need not log in, besides clients of Unix sockets (`lmtp_trusted`): everybody, nobody, or who is on this machine. */
  readonly trusted: boolean | 'loopback';
  /** Who may log in: lower case (`lmtp_admins`, `admins`). */
  readonly admins: readonly string[];
  /** Passwords may be sent outside TLS (`lmtp_allowplaintext`). */
  readonly allowPlaintext: boolean;
}

/** Whether the client may deliver without login. */
export function isTrusted(access: LmtpAccess | 'everybody', { remoteAddress, remotePort }: Connection): boolean {
  if (access === 'everybody' || access.trusted === true || remoteAddress === '') return true;
  return access.trusted === 'loopback' && isLocal({ host: remoteAddress, port: remotePort });
}

/** Whether the client may send a password now. */
export function passwordsAllowed({ allowPlaintext }: LmtpAccess, { secured, remoteAddress }: Connection): boolean {
  return allowPlaintext || secured || remoteAddress === '';
}
