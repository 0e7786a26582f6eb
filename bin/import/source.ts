import { LineEndings } from '../../lib/message/line-endings.ts';

/** A message where it comes from. */
export interface SourceMessage {
  /** 16 bytes (as latin1) that are this message's among those of its folder, in every run. */
  readonly identity: string;
  readonly sizeBytes: number;
  /** INTERNALDATE, seconds since 1970. */
  readonly internalDate: number;
  /** IMAP flags and keywords. */
  readonly flags: readonly string[];
  /** The bytes, each line ended by CRLF; undefined when the message is gone meanwhile. */
  open(): Promise<Uint8Array | AsyncIterable<Uint8Array> | undefined>;
}

/** A folder where it comes from, and the mailbox that it becomes. */
export interface SourceFolder {
  /** Name of the mailbox; `/` separates. */
  readonly mailbox: string;
  /** The same in every run, and no other folder's: the real path. */
  readonly source: string;
  /** Messages, or bytes, that there are; for the progress bar. */
  readonly total: number;
  /** How much of `total` a message is. */
  readonly weight: (message: SourceMessage) => number;
  messages(): AsyncIterable<SourceMessage>;
}

/** Ends every line with CRLF: LF alone becomes it, all else stays. */
export async function* withLineEndings(pieces: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  const endings = new LineEndings();
  for await (const piece of pieces) yield endings.push(piece);
}

/** Whether a name can be an IMAP keyword (RFC 9051 §9, atom). */
export function isKeyword(name: string): boolean {
  return /^[^\u0000-\u0020\u007f-\uffff(){%*"\\\]]{1,100}$/.test(name);
}
