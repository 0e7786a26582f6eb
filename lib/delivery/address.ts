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

function unquote(local: string): string | undefined {
  if (!local.startsWith('"')) return local;
  return /^"(?:[^"\\]|\\.)*"$/s.test(local) ? local.slice(1, -1).replace(/\\(.)/gs, '$1') : undefined;
}
