import type { Id } from '../base/ids.ts';

/** What LMTP (and later SES ingestion, `cirrus deliver`) asks of delivery. */

/** Why a recipient does not get the message; each protocol maps the list once. */
export type RefusalCode =
  | 'unknown-user'
  | 'bad-address'
  | 'over-quota'
  | 'no-permission' /* no `p` right on the mailbox that the address names */
  | 'too-big'
  | 'too-many'
  | 'rejected' /* by the recipient's script; the text is its reason */
  | 'not-ascii' /* `reject8bit` */
  | 'unavailable';

export interface Refusal {
  readonly ok: false;
  readonly code: RefusalCode;
  /** For the client: may hold anything, each protocol makes it fit. */
  readonly text: string;
}

/** A recipient that may be handed to {@link Delivery.deliver}: opaque to the protocol. */
export interface Recipient {
  readonly ok: true;
  /** As given in RCPT TO, without angle brackets. */
  readonly address: string;
}

/** When a sender wants a report of a message (RFC 3461 §4.1). */
export type ReportCase = 'SUCCESS' | 'FAILURE' | 'DELAY';

/** What a sender has said of reports for one recipient (RFC 3461 §4.1, §4.2). */
export interface RecipientReports {
  readonly notify?: readonly (ReportCase | 'NEVER')[];
  /** The recipient as the sender wrote it: `rfc822;joe@example.com`. */
  readonly orcpt?: string;
}

/** The same for all recipients of a message (RFC 3461 §4.3, §4.4). */
export interface MessageReports {
  readonly ret?: 'FULL' | 'HDRS';
  readonly envid?: string;
}

export interface RecipientOptions {
  /** A full mailbox takes it too. */
  readonly ignoreQuota?: boolean;
  /** Who posts, as the ACL of the mailbox that the address names sees it (RFC 4314 p); `anonymous` without. */
  readonly poster?: string | undefined;
  readonly reports?: RecipientReports | undefined;
}

/** Who hands a message in, as far as that is known: scripts may ask (RFC 5183 §4.1). */
export interface Client {
  /** What it calls itself. */
  readonly name: string;
  /** IP address; '' for a Unix socket. */
  readonly address: string;
}

export interface Transaction {
  /** Reverse-path without angle brackets; '' is the null reverse-path. */
  readonly sender: string;
  readonly recipients: readonly Recipient[];
  /** Header lines put in front of the received bytes (Return-Path, Received, ...), CRLF-terminated. */
  readonly trace: string;
  /** The message as received, lone LF already made CRLF; a body that throws delivers to nobody. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Whoever hands it in does not wait for the answers, to tell the sender: a script refuses by a message. */
  readonly isAlone?: boolean;
  readonly client?: Client | undefined;
  readonly reports?: MessageReports | undefined;
  /** What a retry has in common with its first try, where that is not sender, recipient and bytes (Rule 13). */
  readonly identity?: string;
}

/** A message that is stored, and for whom: what can be handed to another process that delivers it. Plain JSON. */
export interface StoredMail {
  readonly sender: string;
  readonly blob: Id;
  readonly sizeBytes: number;
  readonly recipients: readonly StoredRecipient[];
  readonly client?: Client | undefined;
  readonly reports?: MessageReports | undefined;
}

export interface StoredRecipient {
  readonly address: string;
  /** The space that holds the blob for this recipient. */
  readonly space: Id;
  /** 32 bytes in hex (Rule 13). */
  readonly deliveryId: string;
  /** Who posts, and what the sender has said of reports, as {@link RecipientOptions} has it. */
  readonly poster?: string | undefined;
  readonly reports?: RecipientReports | undefined;
}

/** Delivered, or refused; a message that a script has discarded is delivered. */
export type Delivered = { readonly ok: true } | Refusal;

export interface Delivery {
  /**
   * Answers RCPT: who is this, may mail be taken for them now? `sizeBytes` as declared by SIZE, when it was.
   */
  recipient(address: string, sizeBytes?: number, options?: RecipientOptions): Promise<Recipient | Refusal>;
  /** Streams the message into one blob, then commits per recipient; one answer per recipient, in order. */
  deliver(transaction: Transaction): Promise<readonly Delivered[]>;
}
