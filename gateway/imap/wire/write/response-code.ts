import type { NumberRange } from '../sequence-set.ts';
import { formatRanges } from './sequence-set.ts';
import { flagList } from './text.ts';

/**
 * Response codes that stand for themselves: RFC 9051 §7.1, RFC 5530 §3, RFC 4314 §3, RFC 7162 §7, RFC 3516 §4.3,
 * RFC 7889 §4, RFC 4978 §3, RFC 5255 §4.9.
 */
export type PlainCode =
  | 'ALERT'
  | 'ALREADYEXISTS'
  | 'AUTHENTICATIONFAILED'
  | 'AUTHORIZATIONFAILED'
  | 'BADCOMPARATOR'
  | 'CANNOT'
  | 'CLIENTBUG'
  | 'CLOSED'
  | 'COMPRESSIONACTIVE'
  | 'CONTACTADMIN'
  | 'CORRUPTION'
  | 'EXPIRED'
  | 'EXPUNGEISSUED'
  | 'HASCHILDREN'
  | 'INUSE'
  | 'LIMIT'
  | 'NOMODSEQ'
  | 'NONEXISTENT'
  | 'NOPERM'
  | 'NOTIFICATIONOVERFLOW'
  | 'NOTSAVED'
  | 'OVERQUOTA'
  | 'PARSE'
  | 'PRIVACYREQUIRED'
  | 'READ-ONLY'
  | 'READ-WRITE'
  | 'SERVERBUG'
  | 'TOOBIG'
  | 'TOOSMALL'
  | 'TRYCREATE'
  | 'UIDNOTSTICKY'
  | 'UIDREQUIRED'
  | 'UNAVAILABLE'
  | 'UNKNOWN-CTE'
  | 'USEATTR';

/** Codes with one number. */
export type NumberCode = 'HIGHESTMODSEQ' | 'UIDNEXT' | 'UIDVALIDITY' | 'UNSEEN';

/** `"UIDNEXT" SP nz-number` and the like. */
export function numberCode(code: NumberCode, value: number): string {
  return `${code} ${value}`;
}

/** `"MAILBOXID" SP "(" objectid ")"` (RFC 8474 §7), as a code and as an item of STATUS. */
export function mailboxId(id: string): string {
  return `MAILBOXID (${id})`;
}

/**
 *     resp-text-code =/ "INPROGRESS" [SP "(" (quoted / nil) SP (number / nil) SP (nz-number / nil) ")"]      ; RFC 9585 §5
 *
 * How many of how many are done of the command with the tag; undefined: nobody knows. §4: a tag with a bracket would end the
 * code, and what is done whole is not in progress.
 */
export function inProgress(tag: string, done = 0, goal = 0): string {
  const state = done < goal ? `${done} ${goal}` : 'NIL NIL';
  return `INPROGRESS (${tag.includes(']') ? 'NIL' : `"${tag}"`} ${state})`;
}

/**
 * `"MESSAGELIMIT" SP nz-number [SP nz-number]` (RFC 9738 §5): how many messages one command may be about, and the lowest
 * UID that it was about.
 */
export function messageLimit(most: number, lowestUid?: number): string {
  return lowestUid === undefined ? `MESSAGELIMIT ${most}` : `MESSAGELIMIT ${most} ${lowestUid}`;
}

/** `"MAXCONVERTMESSAGES" SP nz-number` and `"MAXCONVERTPARTS" SP nz-number` (RFC 5259 §9) */
export function maxConvert(what: 'MESSAGES' | 'PARTS', most: number): string {
  return `MAXCONVERT${what} ${most}`;
}

/** `"UNDEFINED-FILTER" SP filter-name` (RFC 5466 §4) */
export function undefinedFilter(name: string): string {
  return `UNDEFINED-FILTER ${name}`;
}

/** `"NOUPDATE" SP quoted` (RFC 5267 §5): nothing will be told of the search with this tag. */
export function noUpdate(tag: string): string {
  return `NOUPDATE "${tag}"`;
}

/** `"PERMANENTFLAGS" SP "(" [flag-perm *(SP flag-perm)] ")"` */
export function permanentFlags(flags: Iterable<string>): string {
  return `PERMANENTFLAGS ${flagList(flags)}`;
}

/** `capability-data` as a code: in the greeting, and after login and STARTTLS. */
export function capabilityCode(names: readonly string[]): string {
  return ['CAPABILITY', ...names].join(' ');
}

/** `"BADCHARSET" [SP "(" charset *(SP charset) ")"]` */
export function badCharset(charsets: readonly string[]): string {
  return `BADCHARSET (${charsets.join(' ')})`;
}

/** `"BADEVENT" SP "(" event-name *(SP event-name) ")"` (RFC 5465 §8): the events that there are. */
export function badEvent(events: readonly string[]): string {
  return `BADEVENT (${events.join(' ')})`;
}

/** `"REFERRAL" 1*(SPACE url)` (RFC 2193 §6, RFC 2221 §5) */
export function referral(urls: readonly string[]): string {
  return ['REFERRAL', ...urls].join(' ');
}

/** `"BADURL" SP url-resp-text` (RFC 4469 §5), as its examples write it. */
export function badUrl(url: string): string {
  return `BADURL "${url.replace(/[^\x20-\x21\x23-\x5b\x5e-\x7e]/g, '?').slice(0, 1000)}"`;
}

/** `resp-code-apnd = "APPENDUID" SP nz-number SP append-uid` */
export function appendUid(uidValidity: number, uids: readonly NumberRange[]): string {
  return `APPENDUID ${uidValidity} ${formatRanges(uids)}`;
}

/**
 *     resp-code-copy = "COPYUID" SP nz-number SP uid-set SP uid-set        ; RFC 9051 §9
 *
 * The sets pair off in the order given, so both keep it.
 */
export function copyUid(uidValidity: number, from: readonly NumberRange[], to: readonly NumberRange[]): string {
  return `COPYUID ${uidValidity} ${formatRanges(from)} ${formatRanges(to)}`;
}

/** `"MODIFIED" SP sequence-set` (RFC 7162 §7): what STORE UNCHANGEDSINCE left alone. */
export function modified(set: readonly NumberRange[]): string {
  return `MODIFIED ${formatRanges(set)}`;
}
