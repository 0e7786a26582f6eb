import { formatDate } from '../../lib/message/compose.ts';

/** What a trace header says of how the message came (RFC 5321 §4.4). */
export interface Arrival {
  /** Reverse-path without angle brackets. */
  readonly sender: string;
  /** The recipient, when there is only one. */
  readonly recipient: string | undefined;
  /** What the client called itself in LHLO. */
  readonly client: string;
  /** Address of the client; '' for a Unix socket. */
  readonly remoteAddress: string;
  readonly servername: string;
  /** TLS version and cipher, when there is TLS. */
  readonly tlsInfo: string | undefined;
  /** Whether the client has logged in. */
  readonly authenticated: boolean;
  /** Whether SMTPUTF8 was asked for. */
  readonly utf8: boolean;
  readonly timeMs: number;
  /** Minutes that local time is ahead of UTC. */
  readonly offsetMinutes: number;
}

/** The lines in front of a delivered message: Return-Path, Delivered-To and Received. */
export function traceHeaders(arrival: Arrival): string {
  const { sender, recipient, client, remoteAddress, servername, tlsInfo, utf8, timeMs, offsetMinutes } = arrival;
  const from = remoteAddress === '' ? '[unix socket]' : addressLiteral(remoteAddress);
  // RFC 3848, RFC 6531 §4.3
  const protocol = `${utf8 ? 'UTF8' : ''}LMTP${tlsInfo === undefined ? '' : 'S'}${arrival.authenticated ? 'A' : ''}`;
  const using = tlsInfo === undefined ? '' : ` (${tlsInfo})`;
  return (
    `Return-Path: <${sender}>\r\n` +
    (recipient === undefined ? '' : `Delivered-To: ${recipient}\r\n`) +
    `Received: from ${client} (${from})\r\n` +
    `\tby ${servername} (Cirrus) with ${protocol}${using};\r\n` +
    `\t${formatDate(timeMs, offsetMinutes)}\r\n`
  );
}

function addressLiteral(address: string): string {
  return address.includes(':') ? `[IPv6:${address}]` : `[${address}]`;
}
