import type { SearchDate, SearchField, SearchFlag, SearchKey, SearchReturn } from '../search-key.ts';
import { isRange, isUpdateFetch } from '../search-key.ts';
import { annotationKey } from './annotation.ts';
import { date } from './date.ts';
import { fetchItems } from './fetch.ts';
import { partialRange } from './partial-range.ts';
import { type Dialect, Reader } from './reader.ts';
import { beginsSet, sequenceSet } from './sequence-set.ts';
import { astring, astringBytes, atom, list, number64, nzNumber, string, word } from './text.ts';

/** Keys inside keys: NOT, OR and parentheses. Nobody's client nests deeper than a dozen. */
const MAX_DEPTH = 100;

const MAX_UID = 2 ** 32 - 1;

type KeyArguments = (reader: Reader, depth: number) => SearchKey;

/**
 *     search-key = "ALL" / "ANSWERED" / "BCC" SP astring / ... / "NOT" SP search-key / "OR" SP search-key SP search-key /
 *                  sequence-set / "(" search-key *(SP search-key) ")"      ; RFC 9051 §9, RFC 3501 §9
 */
const keys: ReadonlyMap<string, KeyArguments> = new Map<string, KeyArguments>([
  ['ALL', () => ({ key: 'all' })],
  ['ANSWERED', () => flagged('\\Answered')],
  ['DELETED', () => flagged('\\Deleted')],
  ['DRAFT', () => flagged('\\Draft')],
  ['FLAGGED', () => flagged('\\Flagged')],
  ['SEEN', () => flagged('\\Seen')],
  ['UNANSWERED', () => not(flagged('\\Answered'))],
  ['UNDELETED', () => not(flagged('\\Deleted'))],
  ['UNDRAFT', () => not(flagged('\\Draft'))],
  ['UNFLAGGED', () => not(flagged('\\Flagged'))],
  ['UNSEEN', () => not(flagged('\\Seen'))],
  // RFC 3501 §6.4.4; IMAP4rev2 has no \Recent any more, IMAP4rev1 clients still ask.
  ['RECENT', () => flagged('\\Recent')],
  ['OLD', () => not(flagged('\\Recent'))],
  ['NEW', () => ({ key: 'and', keys: [flagged('\\Recent'), not(flagged('\\Seen'))] })],
  ['KEYWORD', (reader) => keyword(reader)],
  ['UNKEYWORD', (reader) => not(keyword(reader))],
  ['BCC', (reader) => contains('bcc', reader)],
  ['BODY', (reader) => contains('body', reader)],
  ['CC', (reader) => contains('cc', reader)],
  ['FROM', (reader) => contains('from', reader)],
  ['SUBJECT', (reader) => contains('subject', reader)],
  ['TEXT', (reader) => contains('text', reader)],
  ['TO', (reader) => contains('to', reader)],
  ['HEADER', header],
  ['BEFORE', (reader) => dated('before', 'internal', reader)],
  ['ON', (reader) => dated('on', 'internal', reader)],
  ['SINCE', (reader) => dated('since', 'internal', reader)],
  // RFC 8514 §4.3
  ['SAVEDBEFORE', (reader) => dated('before', 'saved', reader)],
  ['SAVEDON', (reader) => dated('on', 'saved', reader)],
  ['SAVEDSINCE', (reader) => dated('since', 'saved', reader)],
  ['SAVEDATESUPPORTED', () => ({ key: 'all' })],
  ['SENTBEFORE', (reader) => dated('before', 'sent', reader)],
  ['SENTON', (reader) => dated('on', 'sent', reader)],
  ['SENTSINCE', (reader) => dated('since', 'sent', reader)],
  ['LARGER', (reader) => ({ key: 'larger', sizeBytes: after(reader, number64) })],
  ['SMALLER', (reader) => ({ key: 'smaller', sizeBytes: after(reader, number64) })],
  ['OLDER', (reader) => ({ key: 'older', seconds: after(reader, nzNumber) })],
  ['YOUNGER', (reader) => ({ key: 'younger', seconds: after(reader, nzNumber) })],
  ['UID', (reader) => ({ key: 'uid', set: after(reader, sequenceSet) })],
  // RFC 9738 §3.2
  ['UIDAFTER', (reader) => ({ key: 'uid-between', from: after(reader, nzNumber) + 1, to: MAX_UID })],
  ['UIDBEFORE', (reader) => ({ key: 'uid-between', from: 1, to: after(reader, nzNumber) - 1 })],
  ['MODSEQ', modSeq],
  ['EMAILID', (reader) => ({ key: 'emailid', id: after(reader, objectId) })],
  ['THREADID', (reader) => ({ key: 'threadid', id: after(reader, objectId) })],
  // RFC 5257 §4.8
  ['ANNOTATION', annotationKey],
  ['NOT', (reader, depth) => not(after(reader, (inner) => searchKey(inner, depth + 1)))],
  ['OR', or],
  // RFC 5466 §4
  ['FILTER', (reader) => ({ key: 'filter', name: after(reader, filterName) })],
  // RFC 6203 §6
  ['FUZZY', (reader, depth) => ({ key: 'fuzzy', inner: after(reader, (inner) => searchKey(inner, depth + 1)) })],
]);

/**
 *     search-program = ["CHARSET" SP charset SP] search-key *(SP search-key)     ; RFC 9051 §9
 */
export function searchProgram(reader: Reader): { readonly charset: string | null; readonly key: SearchKey } {
  if (!reader.skip('CHARSET ')) return { charset: null, key: searchKeys(reader) };
  const charset = charsetName(reader);
  reader.sp();
  return { charset, key: searchKeys(reader) };
}

/** `search-key *(SP search-key)`: several keys mean all of them. */
export function searchKeys(reader: Reader): SearchKey {
  return together(reader, 0);
}

/** `charset = atom / quoted`, in upper case. */
export function charsetName(reader: Reader): string {
  return astring(reader, 'a charset').toUpperCase();
}

/**
 *     search-return-opts = SP "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")"     ; RFC 9051 §9
 */
export function searchReturns(reader: Reader): SearchReturn[] | null {
  if (!reader.skip('RETURN ')) return null;
  const returns = list(reader, searchReturn, true).flat();
  reader.sp();
  const ranges = returns.filter(isRange).length;
  // RFC 9394 §3.1
  if (ranges > 1 || (ranges === 1 && returns.includes('ALL')))
    reader.invalid('search return options (one of PARTIAL and ALL)');
  // RFC 5267 §4.2, §4.3: neither of the two is about this answer.
  const isSilent = returns.every((option) => option === 'CONTEXT' || option === 'UPDATE' || isUpdateFetch(option));
  return [...new Set(isSilent ? [...returns, 'ALL' as const] : returns)];
}

function searchKey(reader: Reader, depth: number): SearchKey {
  if (depth > MAX_DEPTH) reader.invalid('search (keys nested too deep)');
  if (reader.skip('(')) {
    const inner = together(reader, depth + 1);
    reader.expect(')');
    return inner;
  }
  if (beginsSet(reader.peek())) return { key: 'sequence', set: sequenceSet(reader) };
  const readArguments = keys.get(word(reader, 'a search key'));
  return readArguments === undefined ? reader.invalid('search key') : readArguments(reader, depth);
}

function together(reader: Reader, depth: number): SearchKey {
  const first = searchKey(reader, depth);
  const all = [first];
  while (reader.skip(' ')) {
    // Quirk (people at a terminal): spaces after the last key.
    if (reader.atEnd()) break;
    all.push(searchKey(reader, depth));
  }
  return all.length === 1 ? first : { key: 'and', keys: all };
}

/**
 *     modifier-update = "UPDATE" [SP "(" fetch-att *(SP fetch-att) ")"]         ; RFC 5465 §8
 */
function searchReturn(reader: Reader): SearchReturn | SearchReturn[] {
  const option = word(reader, 'a search return option');
  switch (option) {
    case 'MIN':
    case 'MAX':
    case 'ALL':
    case 'COUNT':
    case 'SAVE':
    case 'RELEVANCY':
    case 'CONTEXT':
      return option;
    case 'UPDATE':
      return reader.match(/ (?=\()/y) === null ? option : [option, { fetch: fetchItems(reader) }];
    case 'PARTIAL':
      return after(reader, partialRange);
    default:
      return reader.invalid('search return option');
  }
}

function after<T>(reader: Reader, read: (reader: Reader) => T): T {
  reader.sp();
  return read(reader);
}

function flagged(flag: SearchFlag): SearchKey {
  return { key: 'flag', flag };
}

function not(inner: SearchKey): SearchKey {
  return { key: 'not', inner };
}

function or(reader: Reader, depth: number): SearchKey {
  const left = after(reader, (inner) => searchKey(inner, depth + 1));
  return { key: 'or', left, right: after(reader, (inner) => searchKey(inner, depth + 1)) };
}

function keyword(reader: Reader): SearchKey {
  return { key: 'keyword', keyword: after(reader, (inner) => atom(inner, 'a keyword')) };
}

function contains(field: SearchField, reader: Reader): SearchKey {
  return { key: 'contains', field, value: after(reader, (inner) => astringBytes(inner)) };
}

/**
 *     filter-name = 1*<any ATOM-CHAR except "/">          ; RFC 5466 §4
 */
function filterName(reader: Reader): string {
  const name = atom(reader, 'the name of a filter');
  return name.includes('/') ? reader.invalid('name of a filter') : name;
}

/** The keys of a stored search (RFC 5466 §3.2), which has no literals; throws `BadSyntax`. */
export function storedSearch(text: string, dialect: Dialect): SearchKey {
  const frame = { fragments: [{ kind: 'line' as const, bytes: Buffer.from(text, 'utf8') }], afterMessage: false };
  const reader = new Reader(frame, dialect);
  const key = searchKeys(reader);
  reader.end();
  return key;
}

/**
 *     objectid = 1*255(ALPHA / DIGIT / "_" / "-")         ; RFC 8474 §7
 */
function objectId(reader: Reader): string {
  return reader.match(/[A-Za-z0-9_-]{1,255}/y) ?? reader.fail('an object identifier');
}

/** `"HEADER" SP header-fld-name SP astring` */
function header(reader: Reader): SearchKey {
  const field = after(reader, (inner) => astring(inner, 'a header field name'));
  return { key: 'header', field, value: after(reader, (inner) => astringBytes(inner)) };
}

function dated(key: 'before' | 'on' | 'since', of: SearchDate, reader: Reader): SearchKey {
  return { key, of, date: after(reader, date) };
}

/**
 *     search-modsequence   = "MODSEQ" [search-modseq-ext] SP mod-sequence-valzer      ; RFC 7162 §7
 *     search-modseq-ext    = SP entry-name SP entry-type-req
 *     entry-name           = entry-flag-name          ; a quoted string
 *     entry-type-req       = "priv" / "shared" / "all"
 *
 * One mod-sequence covers all metadata of a message here, so the entry is read and, as RFC 7162 §3.1.5 allows, ignored.
 */
function modSeq(reader: Reader): SearchKey {
  reader.sp();
  if (reader.peek() === '"') {
    string(reader, 'an entry name');
    reader.sp();
    if (!/^(PRIV|SHARED|ALL)$/.test(word(reader, 'priv, shared or all'))) reader.invalid('entry type');
    reader.sp();
  }
  return { key: 'modseq', atLeast: number64(reader, 'a mod-sequence') };
}
