import { createHash, randomBytes } from 'node:crypto';
import { EightBitHeader } from '../message/eight-bit.ts';
import { countFields } from '../message/header.ts';
import type { StoredMessage } from '../store/messages.ts';
import type { Recipient, Transaction } from './ports.ts';

export type EightBitPolicy = 'keep' | 'refuse' | 'replace';

/** The header has bytes beyond ASCII, and may not. */
export class NotAscii extends Error {}

/** The body threw before its end. */
export class BodyBroke extends Error {}

/** The trace lines, then the message; `observe` sees the message as it was received. */
export async function* withTrace(
  { trace, body }: Transaction,
  observe: (chunk: Uint8Array) => void,
  eightBitHeader: EightBitPolicy,
): AsyncGenerator<Uint8Array> {
  const header = eightBitHeader === 'keep' ? undefined : new EightBitHeader();
  yield Buffer.from(trace, 'utf8');
  try {
    for await (const chunk of body) {
      observe(chunk);
      const piece = header?.push(chunk) ?? chunk;
      if (header?.found && eightBitHeader === 'refuse') {
        throw new NotAscii('Message contains non-ASCII characters in headers');
      }
      yield piece;
    }
  } catch (cause) {
    if (cause instanceof NotAscii) throw cause;
    throw new BodyBroke('the body broke off', { cause });
  }
}

/** Rule 13: a retry repeats the bytes when an MTA has stamped them; a message without a stamp is always a new one. */
export function deliveryId(
  { address }: Recipient,
  { sender, trace, identity }: Transaction,
  { header }: StoredMessage,
  digest: Buffer,
): Buffer {
  if (identity !== undefined) return sha256('identity', identity, address);
  const own = trace.match(/^received:/gim)?.length ?? 0;
  if (countFields(header, 'received', own + 1) <= own) return randomBytes(32);
  return sha256(sender, address, digest);
}

/** SHA-256 of the parts, each with its length. */
export function sha256(...parts: readonly (string | Buffer)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest();
}
