import type { PartialRange } from '../search-key.ts';
import type { Reader } from './reader.ts';
import { nzNumber } from './text.ts';

/**
 *     partial-range = nz-number ":" nz-number / MINUS nz-number ":" MINUS nz-number       ; RFC 9394 §4, RFC 5267 §5
 */
export function partialRange(reader: Reader): PartialRange {
  const fromEnd = reader.skip('-');
  const a = nzNumber(reader);
  reader.expect(fromEnd ? ':-' : ':');
  const b = nzNumber(reader);
  return { fromEnd, first: Math.min(a, b), last: Math.max(a, b) };
}
