import { createHash } from 'node:crypto';
import type { Id } from '../base/ids.ts';
import type { ReadBytes } from '../message/text.ts';
import { sieveLimits } from '../sieve/limits.ts';
import { deliveredOrigin } from '../store/blob-origin.ts';
import type { LogContext } from '../store/log.ts';
import { beginToStore, type MessageUnderWay, messageBytes, storedMessage } from '../store/messages.ts';
import type { Client, MessageReports, StoredMail, Transaction } from './ports.ts';
import { type EightBitPolicy, withTrace } from './received.ts';

/** A message that is there, or nearly, for all its recipients. */
export interface ReceivedMessage extends MessageUnderWay {
  /** Nobody waits for the answers (`isAlone` of the transaction). */
  readonly isAlone: boolean;
  readonly client: Client | undefined;
  readonly reports: MessageReports | undefined;
  /** The beginning of its bytes, as far as scripts may look; read once for all recipients, when it is written. */
  readonly content: () => Promise<ReadBytes>;
}

/**
 * Takes a message in, once for all recipients: `spaces` are theirs. It resolves when the message is understood, `digest` is
 * the SHA-256 of its bytes as received (Rule 13). Errors: `NotAscii`, `BodyBroke`, and those of the store.
 */
export async function takeIn(
  context: LogContext,
  transaction: Transaction,
  spaces: readonly Id[],
  eightBitHeader: EightBitPolicy,
): Promise<ReceivedMessage & { readonly digest: Buffer }> {
  const hash = createHash('sha256');
  const body = withTrace(transaction, (chunk) => hash.update(chunk), eightBitHeader);
  const origin = deliveredOrigin(
    transaction.sender,
    transaction.recipients.map(({ address }) => address),
  );
  const underWay = await beginToStore(context, spaces, body, origin);
  const content = contentOf(context, underWay, spaces[0]);
  const { isAlone = false, client, reports } = transaction;
  return { ...underWay, isAlone, client, reports, content, digest: hash.digest() };
}

/** What another process has stored, read again. `StoreError('expunged')` when it is gone. */
export async function takenInBefore(
  context: LogContext,
  { blob, sizeBytes, recipients: [first], client, reports }: StoredMail,
): Promise<ReceivedMessage> {
  if (first === undefined) throw new RangeError('a message without recipients');
  const stored = await storedMessage(context, first.space, blob, sizeBytes);
  const message = { stored, written: Promise.resolve() };
  return { ...message, isAlone: false, client, reports, content: contentOf(context, message, first.space) };
}

function contentOf(
  context: LogContext,
  { stored, written }: MessageUnderWay,
  space: Id | undefined,
): ReceivedMessage['content'] {
  let bytes: Promise<Buffer> | undefined;
  const read = async (): Promise<Buffer> => {
    const end = Math.min(stored.sizeBytes, stored.summary.headerBytes + sieveLimits.bodyBytes);
    if (space === undefined) throw new RangeError('nobody asks for a message without recipients');
    await written;
    return messageBytes(context, space, stored.blob, { start: 0, end });
  };
  return async () => {
    bytes ??= read();
    const begun = await bytes;
    return (from, to) => begun.subarray(from, to);
  };
}
