import type { Dialect } from '../read/reader.ts';
import { encodeUtf7 } from '../utf7.ts';

/**
 * Everything in this folder gives text that goes over the wire as UTF-8: lengths of literals count its UTF-8 octets.
 * 8-bit text is written into quotes only in a dialect that allows it, else as a literal.
 */

/** Longer text goes as a literal: clients have line buffers. */
const MAX_QUOTED = 1000;

/**
 *     string = quoted / literal                           ; RFC 9051 §9
 *
 * NUL, which neither can hold, is left out.
 */
export function string(text: string, dialect: Dialect): string {
  if (text.length <= MAX_QUOTED && (dialect.utf8 ? /^[^\0\r\n]*$/ : /^[\x01-\x09\x0b\x0c\x0e-\x7f]*$/).test(text)) {
    return `"${/["\\]/.test(text) ? text.replace(/["\\]/g, '\\$&') : text}"`;
  }
  const safe = text.replaceAll('\0', '');
  return `{${Buffer.byteLength(safe)}}\r\n${safe.toWellFormed()}`;
}

/**
 *     nstring = string / nil                              ; RFC 9051 §9
 */
export function nstring(text: string | null | undefined, dialect: Dialect): string {
  return text === null || text === undefined ? 'NIL' : string(text, dialect);
}

/**
 *     astring = 1*ASTRING-CHAR / string                   ; RFC 9051 §9
 *
 * An atom where it can be one. NIL is quoted: a client may take the bare word for nothing.
 */
export function astring(text: string, dialect: Dialect): string {
  const plain = /^[!#$&'+,\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]{1,255}$/.test(text) && !/^nil$/i.test(text);
  return plain ? text : string(text, dialect);
}

/** `mailbox`: modified UTF-7 (RFC 3501 §5.1.3), or UTF-8 in a dialect that has it (RFC 9051 §5.1). */
export function mailbox(name: string, dialect: Dialect): string {
  const named = dialect.names?.toWire(name) ?? name;
  return astring(dialect.utf8 ? named : encodeUtf7(named), dialect);
}

/**
 *     flag-list = "(" [flag *(SP flag)] ")"               ; RFC 9051 §9
 */
export function flagList(flags: Iterable<string>): string {
  return `(${[...flags].join(' ')})`;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 *     date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE      ; RFC 9051 §9
 *
 * Always in UTC: the store keeps the moment, not the zone it was written in.
 */
export function dateTime(ms: number): string {
  const at = new Date(ms);
  const day = String(at.getUTCDate()).padStart(2, ' ');
  const year = String(Math.min(Math.max(at.getUTCFullYear(), 0), 9999)).padStart(4, '0');
  const time = `${twoDigits(at.getUTCHours())}:${twoDigits(at.getUTCMinutes())}:${twoDigits(at.getUTCSeconds())}`;
  return `"${day}-${months[at.getUTCMonth()]}-${year} ${time} +0000"`;
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}
