import { isUtf8 } from 'node:buffer';
import { BadSyntax } from '../bad-syntax.ts';
import type { Reader } from './reader.ts';

const MAX_UINT32 = 0xffff_ffff;
const MAX_INT63 = 0x7fff_ffff_ffff_ffffn;

/**
 *     atom      = 1*ATOM-CHAR                             ; RFC 9051 §9
 *     ATOM-CHAR = <any CHAR except atom-specials>
 */
export function atom(reader: Reader, what = 'an atom'): string {
  return reader.match(/[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]+/y) ?? reader.fail(what);
}

/** An atom that is a word of the protocol, in upper case. */
export function word(reader: Reader, what: string): string {
  return atom(reader, what).toUpperCase();
}

/**
 *     tag = 1*<any ASTRING-CHAR except "+">               ; RFC 9051 §9
 */
export function tag(reader: Reader): string {
  return reader.match(/[!#$&',\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]{1,255}/y) ?? reader.fail('a tag');
}

/**
 *     astring = 1*ASTRING-CHAR / string                   ; RFC 9051 §9
 */
export function astringBytes(reader: Reader, what = 'a string'): Buffer {
  const plain = reader.match(/[!#$&'+,\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]+/y);
  return plain === null ? stringBytes(reader, what) : Buffer.from(plain, 'latin1');
}

/** `astring` as text. */
export function astring(reader: Reader, what = 'a string'): string {
  return decodeText(astringBytes(reader, what));
}

/**
 *     string = quoted / literal                           ; RFC 9051 §9
 *     quoted = DQUOTE *QUOTED-CHAR DQUOTE
 *
 * Quirk (clients that send UTF-8 passwords and search words in quotes without ENABLE): 8-bit octets are let in here;
 * what they may mean is the caller's question.
 */
export function stringBytes(reader: Reader, what = 'a string'): Buffer {
  const quoted = reader.match(/"[^"\\\r\0]*(?:\\["\\][^"\\\r\0]*)*"/y);
  if (quoted !== null) return Buffer.from(quoted.slice(1, -1).replace(/\\(.)/g, '$1'), 'latin1');
  const literal = reader.literal();
  if (literal === null) return reader.fail(what);
  // CHAR8 excludes NUL (RFC 9051 §9); literal8 has its uses only in APPEND.
  if (literal.bytes.includes(0)) throw new BadSyntax('NUL is not allowed in a string');
  return literal.bytes;
}

/** `string` as text. */
export function string(reader: Reader, what = 'a string'): string {
  return decodeText(stringBytes(reader, what));
}

/**
 *     nstring = string / nil                              ; RFC 9051 §9
 */
export function nstring(reader: Reader, what = 'a string or NIL'): string | null {
  return reader.skip('NIL') ? null : string(reader, what);
}

/** UTF-8 where the octets are that, else one character for each octet: nothing is lost, nothing is refused. */
export function decodeText(bytes: Buffer): string {
  return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
}

/**
 *     number = 1*DIGIT        ; unsigned 32-bit integer, RFC 9051 §9
 */
export function number(reader: Reader, what = 'a number'): number {
  const value = Number(reader.match(/\d{1,20}/y) ?? reader.fail(what));
  return value <= MAX_UINT32 ? value : reader.invalid('number (above 4294967295)');
}

/**
 *     nz-number = digit-nz *DIGIT                         ; RFC 9051 §9
 */
export function nzNumber(reader: Reader, what = 'a number above 0'): number {
  return reader.peek() === '0' ? reader.fail(what) : number(reader, what);
}

/**
 *     number64            = 1*DIGIT   ; unsigned 63-bit integer, RFC 9051 §9
 *     mod-sequence-valzer = "0" / mod-sequence-value      ; RFC 7162 §7
 *
 * Values above 2^53 - 1 become that: no size and no modification sequence here is ever larger, so they compare the same.
 */
export function number64(reader: Reader, what = 'a number'): number {
  const digits = reader.match(/\d{1,20}/y) ?? reader.fail(what);
  const value = Number(digits);
  if (Number.isSafeInteger(value)) return value;
  return BigInt(digits) <= MAX_INT63 ? Number.MAX_SAFE_INTEGER : reader.invalid('number (above 2^63 - 1)');
}

/** `"(" item *(SP item) ")"`; `()` only where `mayBeEmpty`. */
export function list<T>(reader: Reader, item: (reader: Reader) => T, mayBeEmpty: boolean): T[] {
  reader.expect('(');
  const items: T[] = [];
  if (mayBeEmpty && reader.skip(')')) return items;
  do items.push(item(reader));
  while (reader.skip(' '));
  reader.expect(')');
  return items;
}
