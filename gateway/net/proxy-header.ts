import { isIPv4, isIPv6 } from 'node:net';
import { proxyLimits } from '../../lib/base/limits.ts';

/** What a proxy says of a connection before its first byte. */
export interface ProxyHeader {
  /** Its length: what follows is the client's. */
  readonly bytes: number;
  /** Undefined: the connection is the proxy's own (a health check), or its client has no IP address. */
  readonly client: { readonly address: string; readonly port: number } | undefined;
}

/** What came first is no header of the PROXY protocol. */
export class ProxyHeaderError extends Error {
  override readonly name = 'ProxyHeaderError';
}

const V1 = Buffer.from('PROXY ');
const V2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** Signature, version and command, family and protocol, length of what follows. */
const V2_FIXED = 16;
const LOCAL = 0x20;
const PROXY = 0x21;

/**
 * The header with which `input` begins (PROXY protocol, versions 1 and 2, as HAProxy documents it); undefined while more of it is to
 * come. Throws {@link ProxyHeaderError} as soon as it cannot be one.
 */
export function parseProxyHeader(input: Buffer): ProxyHeader | undefined {
  if (begins(input, V1)) return input.length < V1.length ? undefined : version1(input);
  if (begins(input, V2)) return input.length < V2_FIXED ? undefined : version2(input);
  throw new ProxyHeaderError('the proxy sent no PROXY header');
}

/** Whether the one is the beginning of the other. */
function begins(input: Buffer, signature: Buffer): boolean {
  const length = Math.min(input.length, signature.length);
  return input.subarray(0, length).equals(signature.subarray(0, length));
}

/** `PROXY TCP4 192.0.2.7 198.51.100.1 40000 143`, or `PROXY UNKNOWN` and whatever, and CRLF. */
function version1(input: Buffer): ProxyHeader | undefined {
  const end = input.subarray(0, proxyLimits.version1Bytes).indexOf('\r\n');
  if (end < 0) {
    if (input.length >= proxyLimits.version1Bytes) throw new ProxyHeaderError('the PROXY header does not end');
    return undefined;
  }
  const line = input.toString('latin1', 0, end);
  const bytes = end + 2;
  const [, family, ...rest] = line.split(' ');
  if (family === 'UNKNOWN') return { bytes, client: undefined };
  const [address = '', destination = '', port = '', destinationPort = ''] = rest;
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6Plain : undefined;
  const isRight =
    isAddress?.(address) && isAddress(destination) && isPort(port) && isPort(destinationPort) && rest.length === 4;
  if (!isRight) throw new ProxyHeaderError('the PROXY header of version 1 is malformed');
  return { bytes, client: { address: withoutDressing(address), port: Number(port) } };
}

function version2(input: Buffer): ProxyHeader | undefined {
  const length = input.readUInt16BE(14);
  const bytes = V2_FIXED + length;
  if (bytes > proxyLimits.version2Bytes) throw new ProxyHeaderError('the PROXY header is too long');
  const command = input.readUInt8(12);
  if (command !== LOCAL && command !== PROXY) throw new ProxyHeaderError('the PROXY header has an unknown command');
  if (input.length < bytes) return undefined;
  if (command === LOCAL) return { bytes, client: undefined };
  const block = input.subarray(V2_FIXED, bytes);
  switch (input.readUInt8(13)) {
    // No IP address: unspecified, and a Unix socket.
    case 0x00:
    case 0x31:
      return { bytes, client: undefined };
    case 0x11:
      if (length < 12) break;
      return { bytes, client: { address: block.subarray(0, 4).join('.'), port: block.readUInt16BE(8) } };
    case 0x21: {
      if (length < 36) break;
      const groups = Array.from({ length: 8 }, (_, i) => block.readUInt16BE(2 * i).toString(16));
      return { bytes, client: { address: withoutDressing(groups.join(':')), port: block.readUInt16BE(32) } };
    }
  }
  throw new ProxyHeaderError('the PROXY header of version 2 is malformed');
}

/** Zones mean nothing on another machine. */
function isIPv6Plain(text: string): boolean {
  return isIPv6(text) && !text.includes('%');
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

/** The shortest form of an IPv6 address; of one that holds an IPv4 address that. */
function withoutDressing(address: string): string {
  if (isIPv4(address)) return address;
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high = '', low = ''] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short) ?? [];
  if (high === '') return short;
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join('.');
}
