import type { FetchItem, Partial, Section, SectionText } from '../fetch-item.ts';
import type { PartialRange } from '../search-key.ts';
import { annotationsAsked } from './annotation.ts';
import { partialRange } from './partial-range.ts';
import type { Reader } from './reader.ts';
import { astring, list, number64, word } from './text.ts';

const macros: ReadonlyMap<string, readonly FetchItem[]> = new Map<string, readonly FetchItem[]>([
  ['FAST', [{ item: 'FLAGS' }, { item: 'INTERNALDATE' }, { item: 'RFC822.SIZE' }]],
  ['ALL', [{ item: 'FLAGS' }, { item: 'INTERNALDATE' }, { item: 'RFC822.SIZE' }, { item: 'ENVELOPE' }]],
  [
    'FULL',
    [{ item: 'FLAGS' }, { item: 'INTERNALDATE' }, { item: 'RFC822.SIZE' }, { item: 'ENVELOPE' }, { item: 'BODY' }],
  ],
]);

/**
 *     fetch = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")")
 *                                                         ; RFC 9051 §9
 */
export function fetchItems(reader: Reader): readonly FetchItem[] {
  if (reader.peek() === '(') return list(reader, fetchAtt, false);
  const name = itemName(reader);
  return macros.get(name) ?? [fetchAttNamed(name, reader)];
}

/**
 *     fetch-modifiers     = SP "(" fetch-modifier *(SP fetch-modifier) ")"    ; RFC 4466 §2.4
 *     chgsince-fetch-mod  = "CHANGEDSINCE" SP mod-sequence-value              ; RFC 7162 §7
 *     rexpunges-fetch-mod = "VANISHED"
 *     modifier-partial    = "PARTIAL" SP partial-range                        ; RFC 9394 §4
 */
export function fetchModifiers(reader: Reader): {
  readonly changedSince: number | null;
  readonly vanished: boolean;
  readonly partial: PartialRange | null;
} {
  let changedSince: number | null = null;
  let vanished = false;
  let range: PartialRange | null = null;
  if (reader.skip(' (')) {
    do {
      const modifier = word(reader, 'a fetch modifier');
      if (modifier === 'VANISHED') vanished = true;
      else if (modifier === 'CHANGEDSINCE') {
        reader.sp();
        changedSince = number64(reader, 'a mod-sequence');
      } else if (modifier === 'PARTIAL') {
        reader.sp();
        range = partialRange(reader);
      } else reader.invalid('fetch modifier');
    } while (reader.skip(' '));
    reader.expect(')');
  }
  return { changedSince, vanished, partial: range };
}

function fetchAtt(reader: Reader): FetchItem {
  return fetchAttNamed(itemName(reader), reader);
}

/** The letters before `[`, or the whole name of an item without a section. */
function itemName(reader: Reader): string {
  return (reader.match(/[A-Za-z0-9.]+/y) ?? reader.fail('a fetch item')).toUpperCase();
}

/**
 *     fetch-att = "ENVELOPE" / "FLAGS" / "INTERNALDATE" / "RFC822.SIZE" / "BODY" ["STRUCTURE"] / "UID" /
 *                 "BODY" section [partial] / "BODY.PEEK" section [partial] /
 *                 "BINARY" [".PEEK"] section-binary [partial] / "BINARY.SIZE" section-binary     ; RFC 9051 §9
 *     fetch-att =/ "RFC822" [".HEADER" / ".TEXT"]         ; RFC 3501 §9
 *     fetch-att =/ "EMAILID" / "THREADID"                 ; RFC 8474 §7
 *     fetch-att =/ "SAVEDATE"                             ; RFC 8514 §5
 *     fetch-att =/ "PREVIEW" [SP "(" "LAZY" ")"]          ; RFC 8970 §6
 *     fetch-att =/ "ANNOTATION" SP "(" entries SP attribs ")"     ; RFC 5257 §5
 *     fetch-mod-sequence = "MODSEQ"                       ; RFC 7162 §7
 */
function fetchAttNamed(name: string, reader: Reader): FetchItem {
  const hasSection = reader.peek() === '[';
  switch (name) {
    case 'BODY':
      if (!hasSection) return { item: name };
      return { item: 'BODY[]', peek: false, section: section(reader), partial: partial(reader) };
    case 'BODY.PEEK':
      return { item: 'BODY[]', peek: true, section: section(reader), partial: partial(reader) };
    case 'BINARY':
    case 'BINARY.PEEK': {
      const peek = name === 'BINARY.PEEK';
      return { item: 'BINARY[]', peek, part: sectionBinary(reader), partial: partial(reader) };
    }
    case 'PREVIEW':
      return { item: name, lazy: reader.skip(' (LAZY)') };
    case 'ANNOTATION':
      return { item: name, ...annotationsAsked(reader) };
    case 'BINARY.SIZE':
      return { item: 'BINARY.SIZE[]', part: sectionBinary(reader) };
    case 'BODYSTRUCTURE':
    case 'EMAILID':
    case 'ENVELOPE':
    case 'FLAGS':
    case 'INTERNALDATE':
    case 'MODSEQ':
    case 'RFC822':
    case 'RFC822.HEADER':
    case 'RFC822.SIZE':
    case 'RFC822.TEXT':
    case 'SAVEDATE':
    case 'THREADID':
    case 'UID':
      return { item: name };
    default:
      return reader.invalid('fetch item');
  }
}

/**
 *     section      = "[" [section-spec] "]"               ; RFC 9051 §9
 *     section-spec = section-msgtext / (section-part ["." section-text])
 *     section-part = nz-number *("." nz-number)
 */
export function section(reader: Reader): Section {
  reader.expect('[');
  const part = sectionPart(reader);
  // After a part a dot must still be pending: sectionPart() takes only dots that a number follows.
  const hasText = part.length === 0 ? reader.peek() !== ']' : reader.skip('.');
  const text: SectionText = hasText ? sectionText(reader, part.length > 0) : { kind: 'all' };
  reader.expect(']');
  return { part, text };
}

/**
 *     section-binary = "[" [section-part] "]"             ; RFC 3516 §7
 */
export function sectionBinary(reader: Reader): number[] {
  reader.expect('[');
  const part = sectionPart(reader);
  reader.expect(']');
  return part;
}

function sectionPart(reader: Reader): number[] {
  const text = reader.match(/[1-9]\d{0,9}(?:\.[1-9]\d{0,9})*/y);
  const part = text === null ? [] : text.split('.').map(Number);
  return part.every((index) => index <= 0xffff_ffff) ? part : reader.invalid('part number');
}

/**
 *     section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT"      ; RFC 9051 §9
 *     section-text    = section-msgtext / "MIME"
 *     header-list     = "(" header-fld-name *(SP header-fld-name) ")"
 */
function sectionText(reader: Reader, ofPart: boolean): SectionText {
  const name = (reader.match(/[A-Za-z.]+/y) ?? reader.fail('a section')).toUpperCase();
  if (name === 'HEADER') return { kind: 'header' };
  if (name === 'TEXT') return { kind: 'text' };
  if (name === 'MIME' && ofPart) return { kind: 'mime' };
  if (name !== 'HEADER.FIELDS' && name !== 'HEADER.FIELDS.NOT') return reader.invalid('section');
  reader.sp();
  const names = list(reader, (inner) => astring(inner, 'a header field name'), false);
  return { kind: name === 'HEADER.FIELDS' ? 'fields' : 'fields-not', names };
}

/**
 *     partial = "<" number64 "." nz-number64 ">"          ; RFC 9051 §9
 */
export function partial(reader: Reader): Partial | null {
  if (!reader.skip('<')) return null;
  const offset = number64(reader, 'an offset');
  reader.expect('.');
  const count = reader.peek() === '0' ? reader.fail('a length above 0') : number64(reader, 'a length');
  reader.expect('>');
  return { offset, count };
}
