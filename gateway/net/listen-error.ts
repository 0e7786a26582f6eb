import type { ListenAddress } from '../../lib/base/config-values.ts';

/** An address cannot be listened on; the message is one sentence for the operator. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  /** The address is IPv6 loopback and the machine has no IPv6. */
  readonly noIpv6: boolean;

  constructor(message: string, options: ErrorOptions & { readonly noIpv6?: boolean } = {}) {
    super(message, options);
    this.noIpv6 = options.noIpv6 ?? false;
  }
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'it is already in use by another program'],
  ['EACCES', 'this user may not use it (ports below 1024 belong to root)'],
  ['EPERM', 'this user may not use it'],
  ['EADDRNOTAVAIL', 'this machine does not have that address'],
  ['EAFNOSUPPORT', 'this machine does not have that address'],
  ['ENOTFOUND', 'there is no host of that name'],
]);

/** Says in words why listening failed. */
export function listenError(protocol: string, address: ListenAddress, cause: unknown): ListenError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const reason = reasons.get(code) ?? (cause instanceof Error ? cause.message : String(cause));
  const noIpv6 = 'host' in address && address.host === '::1' && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT');
  return new ListenError(
    `${protocol}: cannot listen on ${formatAddress(address)}: ${reason} (${keyOf(protocol, address)})`,
    { cause, noIpv6 },
  );
}

/** The key of the configuration that says where a protocol listens. */
function keyOf(protocol: string, address: ListenAddress): string {
  return `listen_${protocol}${protocol === 'lmtp' && 'path' in address ? '_unix' : ''}`;
}

/** An address as it is written in the configuration. */
export function formatAddress(address: ListenAddress): string {
  if ('path' in address) return address.path;
  const host = address.host ?? '*';
  return host.includes(':') ? `[${host}]:${address.port}` : `${host}:${address.port}`;
}
