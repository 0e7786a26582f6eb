/** A piece of a command: text up to the end of a line (without CRLF and the literal's announcement), or a literal. */
export type Fragment =
  | { readonly kind: 'line'; readonly bytes: Buffer }
  | { readonly kind: 'literal'; readonly bytes: Buffer; readonly binary: boolean };

/** One command, whole: a line, then a literal and a line for each literal in it. */
export interface Frame {
  readonly fragments: readonly Fragment[];
  /** The fragments follow a streamed message of the same command: they have no tag and no verb. */
  readonly afterMessage: boolean;
}

/** What the client announced at the end of a line: `{n}`, `{n+}`, `~{n}`. */
export interface LiteralHead {
  readonly sizeBytes: number;
  /** `{n}`: the client waits for `+`. */
  readonly sync: boolean;
  /** `~{n}`: literal8, may hold NUL (RFC 3516). */
  readonly binary: boolean;
}

/** An announcement is at most this long: `~{`, 20 digits, `+}`. */
export const LITERAL_HEAD_BYTES = 24;

/**
 * The literal announced at the end of a line, with the text before it; null when there is none.
 *
 *     literal  = "{" number64 ["+"] "}" CRLF *CHAR8     ; RFC 9051 §9
 *     literal8 = "~{" number64 ["+"] "}" CRLF *OCTET    ; RFC 9051 §9
 *
 * Quirk (a misread LITERAL-): `{n-}`, which no RFC has, is read as `{n+}`; as text, its octets would be taken for a command.
 */
export function literalHead(line: Buffer): { readonly head: LiteralHead; readonly before: Buffer } | null {
  if (line.at(-1) !== 0x7d) return null;
  const match = /(~?)\{(\d{1,20})([+-]?)\}$/.exec(
    line.toString('latin1', Math.max(0, line.length - LITERAL_HEAD_BYTES)),
  );
  if (match === null) return null;
  const head = { sizeBytes: Number(match[2]), sync: match[3] === '', binary: match[1] === '~' };
  return { head, before: line.subarray(0, line.length - match[0].length) };
}

/** The tag a frame begins with, or null: then the answer is untagged. */
export function tagOf(fragments: readonly Fragment[]): string | null {
  const first = fragments[0];
  if (first === undefined || first.kind === 'literal') return null;
  return (
    /^([!#$&',\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]{1,255})(?: |$)/.exec(first.bytes.toString('latin1', 0, 256))?.[1] ?? null
  );
}

/**
 * Whether the literal announced after these fragments is a message of APPEND or REPLACE, or a TEXT part of one, to be
 * streamed. The only other literals these can hold are the mailbox name, right after the verb (RFC 9051 §6.3.12), and the
 * URLs of CATENATE (RFC 4469 §5).
 */
export function announcesMessage({ fragments, afterMessage }: Frame): boolean {
  const last = fragments.at(-1);
  const isUrl =
    last?.kind === 'line' && /[ (]URL $/i.test(last.bytes.toString('latin1', Math.max(0, last.bytes.length - 5)));
  if (afterMessage) return !isUrl;
  const first = fragments[0];
  if (first === undefined || first.kind === 'literal') return false;
  const verb = /^[^ ]{1,255} (?:APPEND|(?:UID )?REPLACE [0-9*]{1,10}) (.?)/i.exec(
    first.bytes.toString('latin1', 0, 320),
  );
  if (verb === null) return false;
  if (fragments.length === 1 && isUrl) return verb[0].length + 3 === first.bytes.length;
  return !isUrl && (verb[1] !== '' || fragments.length > 1);
}
