import { expect } from 'vitest';
import { type HostileGateway, USER } from './gateway.ts';
import type { ImapClient } from './imap-client.ts';
import { LmtpClient } from './lmtp-client.ts';
import { type HostileMessage, sizeOf, withCrlf } from './messages.ts';

/** How a message comes into the INBOX. */
export interface Way {
  readonly name: string;
  readonly origin: 'delivered' | 'appended';
  readonly takesNul: boolean;
  /** What is kept of a message. */
  readonly stored: (message: HostileMessage) => () => Iterable<Buffer>;
}

/** LMTP mends line ends; DATA cannot carry a message that does not end with one. */
const mended = (message: HostileMessage) => () => withCrlf(message.chunks());
const ended = (message: HostileMessage) => () => withCrlf(endedWithCrlf(message.chunks()));
const asIs = (message: HostileMessage) => message.chunks;

export const ways: readonly Way[] = [
  { name: 'DATA', origin: 'delivered', takesNul: true, stored: ended },
  { name: 'BDAT', origin: 'delivered', takesNul: true, stored: mended },
  { name: '{n}', origin: 'appended', takesNul: false, stored: asIs },
  { name: '{n+}', origin: 'appended', takesNul: false, stored: asIs },
  { name: '~{n}', origin: 'appended', takesNul: true, stored: asIs },
];

/** Sends a message over LMTP, or by the session's APPEND; it must be taken. */
export async function send(
  gateway: HostileGateway,
  session: ImapClient,
  { name, origin }: Way,
  message: HostileMessage,
): Promise<void> {
  if (origin === 'appended') {
    const head = name.replace('n', String(sizeOf(message.chunks())));
    const { status, text } = await session.append('INBOX', head, message.chunks());
    expect(`${status} ${text}`).toMatch(/^OK \[APPENDUID /);
    return;
  }
  const client = await LmtpClient.connect(gateway.lmtpPort);
  await client.begin(USER);
  const answer = name === 'DATA' ? await client.data(message.chunks()) : await client.bdat(message.chunks());
  expect(answer).toMatch(/^250 /);
  client.close();
}

function* endedWithCrlf(chunks: Iterable<Buffer>): Generator<Buffer> {
  let tail = '\r\n';
  for (const chunk of chunks) {
    yield chunk;
    tail = (tail + chunk.toString('latin1', Math.max(0, chunk.length - 2))).slice(-2);
  }
  if (tail !== '\r\n') yield Buffer.from('\r\n');
}
