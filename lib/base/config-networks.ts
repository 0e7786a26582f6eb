import { BlockList, isIP } from 'node:net';

/** IP networks, each as `192.0.2.0/24`, `2001:db8::/32`, or one address. */
export class Networks {
  readonly #list = new BlockList();
  readonly #isEmpty: boolean;

  /** Throws a RangeError that names the text that is none. */
  constructor(texts: readonly string[]) {
    this.#isEmpty = texts.length === 0;
    for (const text of texts) {
      const network = networkOf(text);
      if (network === undefined) throw new RangeError(`${text} is no network`);
      this.#list.addSubnet(network.address, network.bits, network.family);
    }
  }

  /** Whether the address is in one of them; '' (a Unix socket) is in none. IPv4 dressed as IPv6 is IPv4. */
  has(address: string): boolean {
    if (this.#isEmpty) return false;
    const family = isIP(address.split('%')[0] ?? '');
    return family !== 0 && this.#list.check(address.split('%')[0] ?? '', family === 4 ? 'ipv4' : 'ipv6');
  }
}

/** Whether {@link Networks} understands it. */
export function isNetwork(text: string): boolean {
  return networkOf(text) !== undefined;
}

function networkOf(text: string) {
  const [, address = '', digits] = /^([0-9a-f:.]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) return undefined;
  const most = version === 4 ? 32 : 128;
  const bits = digits === undefined ? most : Number(digits);
  if (bits > most) return undefined;
  return { address, bits, family: version === 4 ? ('ipv4' as const) : ('ipv6' as const) };
}
