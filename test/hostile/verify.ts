import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { ImapClient, Literal, Response } from './imap-client.ts';
import { type HostileMessage, hashRange, sizeOf } from './messages.ts';
import { parenthesised } from './parenthesised.ts';

/** Octets of one partial fetch. */
const PIECE_OCTETS = 1024 * 1024;

/**
 * Fetches the last message of the selected mailbox in every way there is, and compares it with the octets that must be at
 * its end. What is before them must be the trace header of a delivery, or nothing.
 */
export async function verifyLast(
  client: ImapClient,
  message: HostileMessage,
  expected: () => Iterable<Buffer>,
  origin: 'delivered' | 'appended',
): Promise<void> {
  await client.ok('NOOP');
  const size = Number(/RFC822\.SIZE (\d+)/.exec(onlyFetch(await client.ok('FETCH * (RFC822.SIZE)')).text)?.[1]);
  const traceBytes = size - sizeOf(expected());
  const whole = await literalFor(client, 'BODY.PEEK[]');
  const trace = whole.bytes.subarray(0, traceBytes);
  if (origin === 'appended') expect(traceBytes).toBe(0);
  else
    expect(trace.toString('latin1')).toMatch(
      /^Return-Path: <sender@example\.com>\r\n(?:[\w-]+: .*\r\n(?:\t.*\r\n)*)+$/,
    );
  expect(whole.sizeBytes).toBe(size);
  expect(whole.sha256).toBe(hashRange(createHash('sha256').update(trace), expected()).digest('hex'));

  await verifyPieces(client, size, whole.sha256);
  await verifyHalves(client, message, traceBytes, whole.sha256);
  if (message.firstPart !== undefined) await verifyFirstPart(client, message, message.firstPart, expected, trace);
  for (const item of ['ENVELOPE', 'BODY', 'BODYSTRUCTURE']) {
    const { text } = onlyFetch(await client.ok(`FETCH * (${item})`));
    expect(() => parenthesised(text.replace(/^\* \d+ FETCH /, '')), item).not.toThrow();
  }
  // RFC 9051 §6.4.5: not PEEK sets \Seen; the octets are the same.
  const read = onlyFetch(await client.ok('FETCH * (FLAGS BODY[])'));
  expect(read.text).toMatch(/FLAGS \([^)]*\\Seen/);
  expect(read.literals[0]?.sha256).toBe(whole.sha256);
}

/** In pieces of 1 MB, as clients fetch what is large, and past the end. */
async function verifyPieces(client: ImapClient, size: number, sha256: string): Promise<void> {
  const pieces = createHash('sha256');
  for (let at = 0; at <= size; at += PIECE_OCTETS) {
    const { literals } = onlyFetch(await client.ok(`FETCH * (BODY.PEEK[]<${at}.${PIECE_OCTETS}>)`, pieces));
    expect(literals[0]?.sizeBytes ?? 0).toBe(Math.min(PIECE_OCTETS, size - at));
  }
  expect(pieces.digest('hex')).toBe(sha256);
}

/** RFC 9051 §6.4.5.1: header (with its blank line) and text are the message. */
async function verifyHalves(
  client: ImapClient,
  message: HostileMessage,
  traceBytes: number,
  sha256: string,
): Promise<void> {
  const halves = createHash('sha256');
  const header = onlyFetch(await client.ok('FETCH * (BODY.PEEK[HEADER])', halves)).literals[0];
  await client.ok('FETCH * (BODY.PEEK[TEXT])', halves);
  expect(halves.digest('hex')).toBe(sha256);
  if (message.headerBytes !== undefined) expect(header?.sizeBytes).toBe(traceBytes + message.headerBytes);
}

async function verifyFirstPart(
  client: ImapClient,
  { decodedFirstPart }: HostileMessage,
  { header, body }: NonNullable<HostileMessage['firstPart']>,
  expected: () => Iterable<Buffer>,
  trace: Buffer,
): Promise<void> {
  const mimeHash = hashRange(createHash('sha256').update(header[0] === 0 ? trace : ''), expected(), ...header);
  expect((await literalFor(client, 'BODY.PEEK[1.MIME]')).sha256).toBe(mimeHash.digest('hex'));
  const bodyHash = hashRange(createHash('sha256'), expected(), ...body).digest('hex');
  expect((await literalFor(client, 'BODY.PEEK[1]')).sha256).toBe(bodyHash);
  if (decodedFirstPart === undefined) return;
  const decoded = await literalFor(client, 'BINARY.PEEK[1]');
  expect(decoded.sha256).toBe(hashRange(createHash('sha256'), decodedFirstPart()).digest('hex'));
  const { text } = onlyFetch(await client.ok('FETCH * (BINARY.SIZE[1])'));
  expect(text).toContain(`BINARY.SIZE[1] ${decoded.sizeBytes}`);
}

async function literalFor(client: ImapClient, item: string): Promise<Literal> {
  const { literals, text } = onlyFetch(await client.ok(`FETCH * (${item})`));
  const [literal] = literals;
  if (literal === undefined) throw new Error(`${item}: ${text.slice(0, 200)}`);
  return literal;
}

/** The one FETCH response; the only other thing that may be said is that there are new messages. */
function onlyFetch(responses: readonly Response[]): Response {
  const [found, ...more] = responses.filter(({ text }) => /^\* \d+ FETCH /.test(text));
  if (found === undefined || more.length > 0) throw new Error(`${more.length + 1} responses: ${responses[0]?.text}`);
  return found;
}
