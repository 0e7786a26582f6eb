import { z } from 'zod';
import { isNetwork } from './config-networks.ts';

/** A length of time in milliseconds. */
export type Milliseconds = number;

/** A size in bytes. */
export type Bytes = number;

/** Where to listen: a TCP address (`host` undefined: every address), or the path of a Unix socket. */
export type ListenAddress = { readonly host: string | undefined; readonly port: number } | { readonly path: string };

/** What the documentation says of a key, kept beside the rule that reads it. */
export interface KeyDoc {
  readonly allowed: string;
  readonly default: string;
  readonly meaning: string;
}

declare module 'zod' {
  interface GlobalMeta {
    allowed?: string;
    default?: unknown;
    meaning?: string;
  }
}

type Reader<T> = (text: string) => T | undefined;

/** A key whose text `read` understands; undefined means that the value is not allowed. */
export function key<T>(read: Reader<T>, doc: KeyDoc): z.ZodType<T, string | undefined> {
  return z
    .string()
    .transform((text, context): T => {
      const value = read(text);
      if (value !== undefined) return value;
      context.addIssue({ code: 'custom', message: `allowed: ${doc.allowed}` });
      return z.NEVER;
    })
    .prefault(doc.default)
    .meta({ ...doc });
}

const flags = new Map<string, boolean>([
  ...['yes', 'on', 't', 'true', '1'].map((word) => [word, true] as const),
  ...['no', 'off', 'f', 'false', '0'].map((word) => [word, false] as const),
]);

export function flag(preset: 'on' | 'off', meaning: string): z.ZodType<boolean, string | undefined> {
  const allowed = 'yes, on, t, true, 1 or no, off, f, false, 0';
  return key((text) => flags.get(text.toLowerCase()), { allowed, default: preset, meaning });
}

/** A flag that may also be left to something else, which `word` names. */
export function flagOr<const W extends string>(word: W, meaning: string): z.ZodType<boolean | W, string | undefined> {
  const read: Reader<boolean | W> = (value) => (value.toLowerCase() === word ? word : flags.get(value.toLowerCase()));
  return key(read, { allowed: `${word}, or yes, on, t, true, 1, or no, off, f, false, 0`, default: word, meaning });
}

export function integer(
  range: { readonly min: number; readonly max: number },
  preset: string,
  meaning: string,
  allowed = `a whole number from ${range.min} to ${range.max}`,
): z.ZodType<number, string | undefined> {
  const read: Reader<number> = (text) => {
    if (!/^-?\d{1,15}$/.test(text)) return undefined;
    const value = Number(text);
    return value >= range.min && value <= range.max ? value : undefined;
  };
  return key(read, { allowed, default: preset, meaning });
}

export function oneOf<const T extends string>(
  words: readonly T[],
  preset: NoInfer<T>,
  meaning: string,
): z.ZodType<T, string | undefined> {
  const read: Reader<T> = (text) => words.find((word) => word === text.toLowerCase());
  return key(read, { allowed: words.join(', '), default: preset, meaning });
}

const sizeUnits: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

export function size(preset: string, meaning: string): z.ZodType<Bytes, string | undefined> {
  const allowed = 'bytes, or a number with K, M or G (1024, 1024², 1024³ bytes), such as 50M or 50 MB';
  const read: Reader<Bytes> = (text) => {
    const [, digits = '', unit = ''] = /^(\d{1,15}) ?([KMG]?)(?:i?B)?$/i.exec(text) ?? [];
    const value = Number(digits) * (sizeUnits[unit.toUpperCase()] ?? Number.NaN);
    return digits !== '' && Number.isSafeInteger(value) ? value : undefined;
  };
  return key(read, { allowed, default: preset, meaning });
}

const timeUnits: Readonly<Record<string, Milliseconds>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time; a bare number counts `unit`, as in Cyrus' files of old. */
export function time(
  unit: 's' | 'm' | 'h' | 'd',
  bounds: { readonly raisedTo?: Milliseconds; readonly max: Milliseconds },
  preset: string,
  meaning: string,
): z.ZodType<Milliseconds, string | undefined> {
  const words = { s: 'seconds', m: 'minutes', h: 'hours', d: 'days' } as const;
  const allowed = `a time such as 90s, 45m, 1h30m or 7d, at most ${bounds.max / 86_400_000}d; a bare number is ${words[unit]}`;
  const read: Reader<Milliseconds> = (text) => {
    const whole = /^\d+$/.test(text) ? text + unit : text.toLowerCase();
    if (!/^(\d{1,9}[smhd])+$/.test(whole)) return undefined;
    let value = 0;
    for (const [, digits, letter = ''] of whole.matchAll(/(\d+)([smhd])/g)) {
      value += Number(digits) * (timeUnits[letter] ?? 0);
    }
    return value <= bounds.max ? Math.max(value, bounds.raisedTo ?? 0) : undefined;
  };
  return key(read, { allowed, default: preset, meaning });
}

export function words(preset: string, meaning: string): z.ZodType<readonly string[], string | undefined> {
  const read: Reader<readonly string[]> = (text) => {
    const found = text.split(/\s+/).filter((word) => word !== '');
    // The words of a comment would be names: of users who may do more than others, for one.
    return found.some((word) => word.startsWith('#')) ? undefined : found;
  };
  const allowed = 'names separated by spaces, none of which begins with #: a comment has a line of its own';
  return key(read, { allowed, default: preset, meaning });
}

/** IP networks and addresses. */
export function networks(meaning: string): z.ZodType<readonly string[], string | undefined> {
  const read: Reader<readonly string[]> = (text) => {
    const found = text.split(/[\s,]+/).filter((word) => word !== '');
    return found.every(isNetwork) ? found : undefined;
  };
  const allowed = 'networks and addresses separated by spaces, such as 192.0.2.0/24 2001:db8::7';
  return key(read, { allowed, default: '', meaning });
}

/** Identifiers and what they may do, in letters of RFC 4314 (and of RFC 2086, for older files). */
export function acl(
  preset: string,
  meaning: string,
): z.ZodType<readonly (readonly [identifier: string, rights: string])[], string | undefined> {
  const read: Reader<readonly (readonly [string, string])[]> = (text) => {
    const given = text.split(/\s+/).filter((word) => word !== '');
    const pairs = Array.from({ length: Math.ceil(given.length / 2) }, (_, i) => given.slice(2 * i, 2 * i + 2));
    const entries = pairs.map(([identifier = '', rights = '']) => [identifier, rights] as const);
    return entries.every(([, rights]) => /^[lrswipkxtecda]+$/.test(rights)) ? entries : undefined;
  };
  return key(read, { allowed: 'identifiers, each with its rights: anyone lrs', default: preset, meaning });
}

/** Users (`anna`, `anna@example.net`) or domains (`@example.net`), each with the `host[:port]` of its server. */
export function referrals(
  meaning: string,
): z.ZodType<readonly (readonly [who: string, server: string])[], string | undefined> {
  const read: Reader<readonly (readonly [string, string])[]> = (text) => {
    const given = text.split(/\s+/).filter((word) => word !== '');
    const pairs = Array.from({ length: Math.ceil(given.length / 2) }, (_, i) => given.slice(2 * i, 2 * i + 2));
    const entries = pairs.map(([who = '', server = '']) => [who, server] as const);
    const isServer = /^(\[[0-9a-f:.]+\]|[a-z0-9_-]+(\.[a-z0-9_-]+)*)(:\d{1,5})?$/i;
    return entries.every(([who, server]) => /[^@]$/.test(who) && isServer.test(server)) ? entries : undefined;
  };
  const allowed =
    'users, or domains as @example.net, each with its server: anna imap2.example.net @example.org [::1]:1143';
  return key(read, { allowed, default: '', meaning });
}

/** Names that may hold spaces. */
export function names(preset: string, meaning: string): z.ZodType<readonly string[], string | undefined> {
  const read: Reader<readonly string[]> = (text) => {
    const all = text.split('|').map((name) => name.trim());
    return all.filter((name) => name !== '');
  };
  return key(read, { allowed: 'names separated by |', default: preset, meaning });
}

export function text(preset: string, allowed: string, meaning: string): z.ZodType<string, string | undefined> {
  return key((value) => value, { allowed, default: preset, meaning });
}

export function domain(preset: string, meaning: string): z.ZodType<string, string | undefined> {
  const read: Reader<string> = (value) => (/^$|^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(value) ? value : undefined);
  return key(read, { allowed: 'a host or domain name such as mail.example.com', default: preset, meaning });
}

/** The address of a service; '' when none is given. */
export function url(meaning: string): z.ZodType<string, string | undefined> {
  const read: Reader<string> = (value) =>
    value === '' || (/^https?:\/\/\S+$/i.test(value) && URL.canParse(value)) ? value : undefined;
  return key(read, { allowed: 'a URL such as https://s3.example.com:9000', default: '', meaning });
}

/** Permissions of a file, in octal. */
export function mode(preset: string, meaning: string): z.ZodType<number, string | undefined> {
  const read: Reader<number> = (value) => (/^0?[0-7]{3}$/.test(value) ? Number.parseInt(value, 8) : undefined);
  return key(read, { allowed: 'permissions in octal, such as 660', default: preset, meaning });
}

/** A comma list of addresses; none when `off`. */
export function listen(preset: string, meaning: string): z.ZodType<readonly ListenAddress[], string | undefined> {
  const allowed = 'host:port, [IPv6]:port or *:port (every address), a path, several separated by commas, or off';
  const read: Reader<readonly ListenAddress[]> = (value) => {
    if (flags.get(value.toLowerCase()) === false) return [];
    const addresses = value.split(',').map((each) => listenAddress(each.trim()));
    return addresses.every((each) => each !== undefined) ? addresses : undefined;
  };
  return key(read, { allowed, default: preset, meaning });
}

/** A host and port to connect to. */
export type RelayAddress = { readonly host: string; readonly port: number };

/** Who sends mail. */
export type Relay = RelayAddress | 'ses' | 'off';

export function relay(preset: string, meaning: string): z.ZodType<Relay, string | undefined> {
  const read: Reader<Relay> = (value) => {
    if (flags.get(value.toLowerCase()) === false) return 'off';
    if (value.toLowerCase() === 'ses') return 'ses';
    const address = listenAddress(value.trim());
    if (address === undefined || !('port' in address) || address.host === undefined) return undefined;
    return { host: address.host, port: address.port };
  };
  return key(read, { allowed: 'host:port or [IPv6]:port, ses, or off', default: preset, meaning });
}

function listenAddress(value: string): ListenAddress | undefined {
  if (value.includes('/')) return value.includes('\0') ? undefined : { path: value };
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+|\*)):(\d{1,5})$/i.exec(value) ?? [];
  const port = Number(digits);
  const host = bracketed ?? plain;
  if (host === undefined || port > 65_535) return undefined;
  return { host: host === '*' ? undefined : host, port };
}

/** Whether only this machine reaches the address. */
export function isLocal(address: ListenAddress): boolean {
  if ('path' in address) return true;
  return address.host !== undefined && /^(127(\.\d{1,3}){3}|::1|localhost)$/i.test(address.host);
}

/** Whether it is a TCP port of every address or of an IPv4 address. */
export function isIpv4(address: ListenAddress): boolean {
  return 'port' in address && (address.host === undefined || /^\d{1,3}(\.\d{1,3}){3}$/.test(address.host));
}
