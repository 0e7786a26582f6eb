/** Longest quoted string that we write (RFC 5804 §4: `*1024QUOTED-CHAR`). */
const MAX_QUOTED_BYTES = 1024;

/**
 *     string      = quoted / literal-s2c                  ; RFC 5804 §4
 *     literal-s2c = "{" number "}" CRLF *OCTET
 */
export function string(text: string): string {
  const isQuotable = !/[\r\n\0]/.test(text) && Buffer.byteLength(text) <= MAX_QUOTED_BYTES;
  if (!isQuotable) return `{${Buffer.byteLength(text)}}\r\n${text}`;
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** Octets as a literal; they are written after it, unchanged. */
export function literalHead(octets: Buffer): string {
  return `{${octets.length}}\r\n`;
}

/** Response codes that we give (RFC 5804 §1.3). */
export type Code =
  | 'ACTIVE'
  | 'ALREADYEXISTS'
  | 'ENCRYPT-NEEDED'
  | 'NONEXISTENT'
  | 'QUOTA'
  | 'QUOTA/MAXSCRIPTS'
  | 'QUOTA/MAXSIZE'
  | 'TRYLATER';

/** How a command ends. */
export interface Reply {
  readonly state: 'OK' | 'NO' | 'BYE';
  readonly code?: Code | { readonly tag: string } | undefined;
  /** '' for none. */
  readonly text: string;
}

/**
 *     response-oknobye = ("OK" / "NO" / "BYE") [SP "(" resp-code ")"] [SP string] CRLF
 */
export function response({ state, code, text }: Reply): string {
  const coded = code === undefined ? '' : ` (${typeof code === 'string' ? code : `TAG ${string(code.tag)}`})`;
  return `${state}${coded}${text === '' ? '' : ` ${string(text)}`}\r\n`;
}

/**
 *     single-capability = capability-name [SP string] CRLF
 */
export function capabilityLine(name: string, value?: string): string {
  return `${string(name)}${value === undefined ? '' : ` ${string(value)}`}\r\n`;
}

/** Quirk (sieveshell, Cyrus::SIEVE::managesieve): its parser takes a text right after OK for a broken response code. */
export function ok(code?: Reply['code']): Reply {
  return { state: 'OK', code, text: '' };
}

export function no(text: string, code?: Code): Reply {
  return { state: 'NO', code, text };
}
