import type { ImapCommand, SearchProgram } from '../commands.ts';
import type { SortCriterion } from '../search-key.ts';
import { annotationOrder } from './annotation.ts';
import type { Reader } from './reader.ts';
import { charsetName, searchKeys, searchReturns } from './search.ts';
import { list, word } from './text.ts';

/**
 *     sort            = ["UID" SP] "SORT" SP [search-return-opts SP] sort-criteria SP search-criteria      ; RFC 5256 §5, RFC 5267 §5
 *     search-criteria = charset 1*(SP search-key)
 */
export function sort(reader: Reader, uid: boolean): ImapCommand {
  reader.sp();
  const returns = searchReturns(reader);
  const criteria = list(reader, sortCriterion, false);
  return { name: 'SORT', uid, returns, criteria, ...searchCriteria(reader) };
}

/**
 *     thread = ["UID" SP] "THREAD" SP thread-alg SP search-criteria     ; RFC 5256 §5
 */
export function thread(reader: Reader, uid: boolean): ImapCommand {
  reader.sp();
  const algorithm = word(reader, 'a threading algorithm');
  return { name: 'THREAD', uid, algorithm, ...searchCriteria(reader) };
}

/**
 *     sort-criterion = ["REVERSE" SP] sort-key            ; RFC 5256 §5
 *     sort-key       =/ "DISPLAYFROM" / "DISPLAYTO"       ; RFC 5957 §4
 *     sort-key       =/ "RELEVANCY"                       ; RFC 6203 §6
 *     sort-key       =/ "ANNOTATION" SP entry SP att-sort      ; RFC 5257 §5
 */
function sortCriterion(reader: Reader): SortCriterion {
  const reverse = reader.skip('REVERSE ');
  const by = word(reader, 'a sort key');
  if (by === 'ANNOTATION') return { by, reverse, annotation: annotationOrder(reader) };
  switch (by) {
    case 'ARRIVAL':
    case 'CC':
    case 'DATE':
    case 'DISPLAYFROM':
    case 'DISPLAYTO':
    case 'FROM':
    case 'RELEVANCY':
    case 'SIZE':
    case 'SUBJECT':
    case 'TO':
      return { by, reverse };
    default:
      return reader.invalid('sort key');
  }
}

function searchCriteria(reader: Reader): Pick<SearchProgram, 'charset' | 'key'> {
  reader.sp();
  const charset = charsetName(reader);
  reader.sp();
  return { charset, key: searchKeys(reader) };
}
