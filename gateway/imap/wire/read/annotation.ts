import type { AnnotationAttribute, AnnotationsAsked, AnnotationToStore } from '../annotation.ts';
import type { SearchKey, SortCriterion } from '../search-key.ts';
import { type Reader, spaced } from './reader.ts';
import { astring, list, string, stringBytes } from './text.ts';

/** Entries have names of at most so many characters, and patterns of so many wildcards. */
const MAX_ENTRY = 250;
const MAX_WILDCARDS = 10;

/**
 *     fetch-att =/ "ANNOTATION" SP "(" entries SP attribs ")"     ; RFC 5257 §5
 *     entries   = entry-match / "(" entry-match *(SP entry-match) ")"
 *     attribs   = attrib / "(" attrib *(SP attrib) ")"
 */
export function annotationsAsked(reader: Reader): AnnotationsAsked {
  reader.expect(' (');
  const entries = oneOrList(reader, entryMatch);
  reader.sp();
  const attributes = oneOrList(reader, attribute);
  reader.expect(')');
  return { entries, attributes };
}

/**
 *     att-annotate = "ANNOTATION" SP "(" entry-att *(SP entry-att) ")"     ; RFC 5257 §5
 *     entry-att    = entry SP "(" att-value *(SP att-value) ")"
 *     att-value    = attrib SP value
 *     value        = nstring / literal8
 */
export function annotationsToStore(reader: Reader): AnnotationToStore[] {
  reader.expect('ANNOTATION ');
  return list(reader, entryAtt, false).flat();
}

/** `search-key =/ "ANNOTATION" SP entry-match SP att-search SP value` (RFC 5257 §5) */
export function annotationKey(reader: Reader): SearchKey {
  const entry = spaced(reader, entryMatch);
  const { name, scope } = spaced(reader, attribute);
  if (name !== 'value') reader.invalid('attribute (only values are searched)');
  return { key: 'annotation', entry, scope, value: spaced(reader, value) ?? Buffer.alloc(0) };
}

/** `sort-key =/ "ANNOTATION" SP entry SP att-sort` (RFC 5257 §5) */
export function annotationOrder(reader: Reader): NonNullable<SortCriterion['annotation']> {
  const name = spaced(reader, entry);
  const { name: attributeName, scope } = spaced(reader, attribute);
  if (attributeName !== 'value' || scope === 'both') {
    return reader.invalid('attribute (values are sorted by value.priv or value.shared)');
  }
  return { entry: name, scope };
}

function entryAtt(reader: Reader): AnnotationToStore[] {
  const name = entry(reader);
  const pair = (inner: Reader): AnnotationToStore => {
    const { name: attributeName, scope } = attribute(inner);
    if (attributeName !== 'value' || scope === 'both') {
      return inner.invalid('attribute (what is stored is value.priv or value.shared)');
    }
    return { entry: name, scope, value: spaced(inner, value) };
  };
  return spaced(reader, (inner) => list(inner, pair, false));
}

function oneOrList<T>(reader: Reader, read: (reader: Reader) => T): T[] {
  return reader.peek() === '(' ? list(reader, read, false) : [read(reader)];
}

/** `entry = astring`: slash-separated path to entry, without wildcards. */
function entry(reader: Reader): string {
  const name = astring(reader, 'an entry');
  return isEntryName(name) ? name : reader.invalid('entry');
}

/** `entry-match = list-mailbox`: slash-separated path to entry, with wildcards or without. */
function entryMatch(reader: Reader): string {
  const name = reader.match(/[!#$%&'*+,\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]+/y) ?? string(reader, 'an entry');
  if (!/[*%]/.test(name)) return isEntryName(name) ? name : reader.invalid('entry');
  const isPattern = /^[/*%][\x20-\x7e]*$/.test(name) && name.length <= MAX_ENTRY;
  return isPattern && (name.match(/[*%]/g)?.length ?? 0) <= MAX_WILDCARDS ? name : reader.invalid('entry');
}

/** RFC 5257 §3.2: what no entry can be called is a syntax error, and so is a part specifier that cannot be one. */
function isEntryName(name: string): boolean {
  if (!/^\/[\x20-\x7e]+$/.test(name) || /[*%]|\/\/|\/$|\.\.|\.(?:\/|$)/.test(name)) return false;
  if (name.length > MAX_ENTRY) return false;
  return !/^\/[0-9]/.test(name) || /^\/[1-9][0-9]{0,9}(?:\.[1-9][0-9]{0,9})*\//.test(name);
}

function attribute(reader: Reader): AnnotationAttribute {
  const found = /^(value|size)(?:\.(priv|shared))?$/i.exec(astring(reader, 'an attribute'));
  if (found === null) return reader.invalid('attribute');
  const [, name = '', suffix = ''] = found.map((text) => text?.toLowerCase() ?? '');
  return { name: name === 'size' ? 'size' : 'value', scope: scopes[suffix] ?? 'both' };
}

const scopes: Readonly<Record<string, 'private' | 'shared'>> = { priv: 'private', shared: 'shared' };

/** `value = nstring / literal8`: only a literal8 may hold NUL. */
function value(reader: Reader): Buffer | null {
  if (reader.skip('NIL')) return null;
  return reader.binaryLiteral()?.bytes ?? stringBytes(reader, 'a value');
}
