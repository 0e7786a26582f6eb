/** An address of a peer without IPv4-in-IPv6 dressing; '' for a Unix socket. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return '';
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
