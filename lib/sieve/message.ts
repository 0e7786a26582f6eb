import type { Part } from '../message/part.ts';

/** What is known of the message before its body is read. */
export interface SieveMessage {
  /** The header block, its blank line included. */
  readonly header: Uint8Array;
  readonly root: Part;
  readonly sizeBytes: number;
}

/** Everything else a script can see, as values: it reads no clock and no configuration. */
export interface SieveEnvironment {
  readonly envelope: SieveEnvelope;
  /** The moment that `currentdate` tells. */
  readonly nowMs: number;
  /** Minutes east of UTC of the zone that dates are told in when the script names none. */
  readonly zoneMinutes: number;
  /** Between user and detail of an address (RFC 5233 §4). */
  readonly detailSeparator: string;
  /** How much the message looks like spam, 0 to 100; undefined when nobody has looked (RFC 5235 §3.2). */
  readonly spamPercent?: number;
  /** 1 (no virus) to 5 (a virus); undefined when nobody has looked (RFC 5235 §3.3). */
  readonly virus?: 1 | 2 | 3 | 4 | 5;
  /** An IMAP command has caused the run, not a delivery (RFC 6785). */
  readonly imapEvent?: boolean;
  /** Flags that the message has already, where it is stored (RFC 6785 §3.4). */
  readonly flags?: readonly string[];
  /** Items of the `environment` test by their names (RFC 5183 §4). */
  readonly items: ReadonlyMap<string, string>;
}

/** The SMTP envelope (RFC 5228 §5.4); the null reverse-path is the empty string. */
export interface SieveEnvelope {
  readonly from: string;
  readonly to: string;
  readonly auth?: string;
  /** More parts by their names: `orcpt`, `notify`, ... (RFC 6009 §4). */
  readonly parts?: ReadonlyMap<string, readonly string[]>;
}
