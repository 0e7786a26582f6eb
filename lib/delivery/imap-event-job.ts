import type { Id } from '../base/ids.ts';
import { StoreError } from '../store/errors.ts';

/** What an IMAP command has done (RFC 6785 §4.3): a message is new by APPEND, new by COPY or MOVE, or has other flags. */
export type ImapCause = 'APPEND' | 'COPY' | 'FLAG';

/** Messages of one mailbox to which the same has happened, and the script that is to look at them. */
export interface ImapEventJob {
  /** Makes what the script does for it once. */
  readonly event: Id;
  /** Whose mailbox it is, and whose scripts are meant. */
  readonly owner: string;
  readonly mailbox: Id;
  /** As the owner names it. */
  readonly path: string;
  readonly script: string;
  readonly cause: ImapCause;
  /** Who gave the command. */
  readonly user: string;
  readonly changes: readonly FlagsOf[];
}

/** Inclusive ranges of UIDs, and the flags that were set or reset (RFC 6785 §4.5). */
export interface FlagsOf {
  readonly uids: readonly (readonly [from: number, to: number])[];
  readonly changedFlags: readonly string[];
}

const FORMAT = 1;

/** A job's body: JSON with a format number (Rule 23). */
export function encodeImapEvent(job: ImapEventJob): Buffer {
  return Buffer.from(JSON.stringify({ ...job, format: FORMAT }), 'utf8');
}

/** Fails with `format` for a body that a newer version has written. */
export function decodeImapEvent(body: Uint8Array): ImapEventJob {
  const { format, ...job } = JSON.parse(Buffer.from(body).toString('utf8'));
  if (format !== FORMAT)
    throw new StoreError('format', `an IMAP event has the unknown format ${format}: upgrade first`);
  return job;
}
