import type { StatusItem } from '../commands.ts';
import type { Dialect } from '../read/reader.ts';
import type { NumberRange } from '../sequence-set.ts';
import { formatRanges } from './sequence-set.ts';
import { flagList, mailbox, nstring, string } from './text.ts';

/** Every function gives whole response lines, CRLF included. */

export type Condition = 'OK' | 'NO' | 'BAD' | 'BYE' | 'PREAUTH';

/**
 *     resp-cond-state = ("OK" / "NO" / "BAD") SP resp-text                 ; RFC 9051 §9
 *     resp-text       = ["[" resp-text-code "]" SP] [text]
 *
 * Tag null is `*`. `code` is what stands in brackets (response-code.ts), or null.
 */
export function condition(tag: string | null, state: Condition, code: string | null, text: string): string {
  return `${tag ?? '*'} ${state} ${code === null ? '' : `[${code}] `}${oneLine(text)}\r\n`;
}

/**
 *     continue-req = "+" SP (resp-text / base64) CRLF      ; RFC 9051 §9
 */
export function continuation(text: string): string {
  return `+ ${oneLine(text)}\r\n`;
}

/** `capability-data = "CAPABILITY" *(SP capability)` */
export function capability(names: readonly string[]): string {
  return `* ${['CAPABILITY', ...names].join(' ')}\r\n`;
}

/** `enable-data = "ENABLED" *(SP capability)` (RFC 9051 §7.2.1) */
export function enabled(names: readonly string[]): string {
  return `* ${['ENABLED', ...names].join(' ')}\r\n`;
}

/** `language-data = "LANGUAGE" SP "(" lang-tag-quoted *(SP lang-tag-quoted) ")"` (RFC 5255 §3.6) */
export function languages(tags: readonly string[]): string {
  return `* LANGUAGE (${tags.join(' ')})\r\n`;
}

/** `comparator-data = "COMPARATOR" SP comp-sel-quoted` (RFC 5255 §4.10) */
export function activeComparator(name: string): string {
  return `* COMPARATOR ${name}\r\n`;
}

/** `* n EXISTS`, `* n RECENT`, `* n EXPUNGE` */
export function numbered(value: number, what: 'EXISTS' | 'RECENT' | 'EXPUNGE'): string {
  return `* ${value} ${what}\r\n`;
}

/** `* FLAGS (...)` */
export function flags(names: Iterable<string>): string {
  return `* FLAGS ${flagList(names)}\r\n`;
}

/**
 *     expunged-resp = "VANISHED" [SP "(EARLIER)"] SP known-uids           ; RFC 7162 §7
 *
 * '' when there are none: the set cannot be empty.
 */
export function vanished(uids: readonly NumberRange[], earlier: boolean): string {
  return uids.length === 0 ? '' : `* VANISHED ${earlier ? '(EARLIER) ' : ''}${formatRanges(uids)}\r\n`;
}

/**
 *     uidbatches-response = "UIDBATCHES" search-correlator [SP uid-range *("," uid-range)]
 *
 * The ranges descend, and so does each of them.
 */
export function uidBatches(tag: string, ranges: readonly NumberRange[]): string {
  return `* UIDBATCHES (TAG "${tag}")${ranges.length === 0 ? '' : ` ${formatRanges(ranges)}`}\r\n`;
}

/** One mailbox of a LIST or LSUB response; what is not asked for is left out. */
export interface ListedMailbox {
  readonly attributes: readonly string[];
  /** null in a flat namespace. */
  readonly delimiter: string | null;
  readonly name: string;
  /** RFC 5258 §3.5: which selection options the children meet, e.g. `SUBSCRIBED`. */
  readonly childInfo?: readonly string[];
  /** RFC 9051 §6.3.9.7: the name the mailbox had, or the client's spelling of it. */
  readonly oldName?: string;
}

/**
 *     mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox [SP mbox-list-extended]
 *     mbox-list-extended = "(" [mbox-list-extended-item *(SP mbox-list-extended-item)] ")"      ; RFC 9051 §9
 */
export function listed(response: 'LIST' | 'LSUB' | 'XLIST', entry: ListedMailbox, dialect: Dialect): string {
  const extended: string[] = [];
  if (entry.childInfo !== undefined && entry.childInfo.length > 0) {
    extended.push(`"CHILDINFO" (${entry.childInfo.map((option) => string(option, dialect)).join(' ')})`);
  }
  if (entry.oldName !== undefined) extended.push(`"OLDNAME" (${mailbox(entry.oldName, dialect)})`);
  const head = `* ${response} ${flagList(entry.attributes)} ${nstring(entry.delimiter, dialect)}`;
  return `${head} ${mailbox(entry.name, dialect)}${extended.length > 0 ? ` (${extended.join(' ')})` : ''}\r\n`;
}

/** `"STATUS" SP mailbox SP "(" [status-att-list] ")"`: the values in the order given. */
export function status(
  name: string,
  values: readonly (readonly [StatusItem, number | string])[],
  dialect: Dialect,
): string {
  const items = values.map(([item, value]) => `${item} ${value}`).join(' ');
  return `* STATUS ${mailbox(name, dialect)} (${items})\r\n`;
}

/** One namespace: the prefix of its names and its delimiter. */
export interface Namespace {
  readonly prefix: string;
  readonly delimiter: string | null;
}

/**
 *     Namespace-Response = "NAMESPACE" SP Namespace SP Namespace SP Namespace      ; RFC 9051 §9
 *
 * Personal, other users', shared; an empty list is NIL.
 */
export function namespaces(
  kinds: readonly [readonly Namespace[], readonly Namespace[], readonly Namespace[]],
  dialect: Dialect,
): string {
  const texts = kinds.map((kind) => {
    if (kind.length === 0) return 'NIL';
    return `(${kind.map((one) => `(${namespacePrefix(one.prefix, dialect)} ${nstring(one.delimiter, dialect)})`).join('')})`;
  });
  return `* NAMESPACE ${texts.join(' ')}\r\n`;
}

/** The prefix is a string, not a mailbox: an empty one is `""`, and no atom is allowed. */
function namespacePrefix(prefix: string, dialect: Dialect): string {
  const { utf8 } = dialect;
  const text = mailbox(prefix, { utf8 });
  return /^["{]/.test(text) ? text : `"${text}"`;
}

/** `* ID (...)`, or `* ID NIL` when there is nothing to say (RFC 2971 §3.2). */
export function id(params: readonly (readonly [field: string, value: string | null])[], dialect: Dialect): string {
  const pairs = params.map(([field, value]) => `${string(field, dialect)} ${nstring(value, dialect)}`).join(' ');
  return `* ID ${params.length === 0 ? 'NIL' : `(${pairs})`}\r\n`;
}

/** A human-readable text must stay on its line. */
function oneLine(text: string): string {
  return text.replace(/[\0\r\n]+/g, ' ');
}
