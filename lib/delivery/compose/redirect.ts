import { allValues } from '../../message/header.ts';

/** Received fields beyond which a message is taken to be in a loop (RFC 5321 §6.3). */
export const MAX_HOPS = 100;

const FROM_FIELD = 'X-Sieve-Redirected-From';

/** Why a message is not sent on for a recipient; undefined: it may be. */
export function redirectLoop(header: Uint8Array, recipient: string): string | undefined {
  if (allValues(header, 'received').length > MAX_HOPS) return `more than ${MAX_HOPS} hops`;
  const passed = allValues(header, FROM_FIELD.toLowerCase()).map((value) => value.toLowerCase());
  return passed.includes(recipient.toLowerCase()) ? 'it has passed here before' : undefined;
}

/** What goes before a message that is sent on: says by whom, and so stops it when it comes back. */
export function redirectHead(recipient: string): Buffer {
  return Buffer.from(
    `X-Sieve-Action: redirect\r\n${FROM_FIELD}: ${recipient.replace(/[^!-~\x80-\uffff]/g, '')}\r\n`,
    'utf8',
  );
}

/** Bytes of our own Return-Path at the beginning of a stored message: only the last MTA writes one (RFC 5321 §4.4). */
export function returnPathBytes(header: Uint8Array): number {
  const start = Buffer.from(header.subarray(0, 2048)).toString('latin1');
  return /^return-path:[^\n]*\n/i.exec(start)?.[0].length ?? 0;
}
