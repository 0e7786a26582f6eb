/** A recipient's parts: `anna+lists@example.com`. */
export interface RecipientAddress {
  readonly local: string;
  /** After the first `+` of the local part: a mailbox below the user. */
  readonly detail: string | undefined;
  readonly domain: string | undefined;
}

/** Splits a forward-path without angle brackets (RFC 5321 §4.1.2); undefined when it is not one. */
export function parseRecipient(address: string, delimiter = '+'): RecipientAddress | undefined {
  const at = address.startsWith('"') ? address.indexOf('@', address.lastIndexOf('"')) : address.lastIndexOf('@');
  const [localPart, domain] = at < 0 ? [address, undefined] : [address.slice(0, at), address.slice(at + 1)];
  const unquoted = unquote(localPart);
  if (unquoted === undefined || unquoted === '' || domain === '') return undefined;
  const plus = unquoted.indexOf(delimiter, 1);
  const detail = plus < 0 ? '' : unquoted.slice(plus + delimiter.length);
  return {
    local: plus < 0 ? unquoted : unquoted.slice(0, plus),
    detail: detail === '' ? undefined : detail,
    domain: domain?.toLowerCase(),
  };
}

/** Dots at which an address is tried to be split. */
const MAX_SPLITS = 4;

/**
 * What an address may mean, the likeliest first: the user that it names; then, as books and older MTAs have it, a mailbox below
 * a user after a slash, `paul.meier/Invoices`, or a dot, `paul.Invoices`.
 */
export function readings({
  local,
  detail,
  domain,
}: RecipientAddress): readonly (RecipientAddress & { readonly isFallback: boolean })[] {
  const plain = { local, detail, domain, isFallback: false };
  if (detail !== undefined) return [plain];
  const split = (at: number) => ({ local: local.slice(0, at), detail: local.slice(at + 1), domain, isFallback: true });
  const slash = local.indexOf('/');
  if (slash >= 0) return slash === 0 || slash === local.length - 1 ? [plain] : [plain, split(slash)];
  const dots = [...local.matchAll(/(?<=.)\.(?=.)/gs)].map(({ index }) => index);
  return [plain, ...dots.reverse().slice(0, MAX_SPLITS).map(split)];
}

function unquote(local: string): string | undefined {
  if (!local.startsWith('"')) return local;
  return /^"(?:[^"\\]|\\.)*"$/s.test(local) ? local.slice(1, -1).replace(/\\(.)/gs, '$1') : undefined;
}
