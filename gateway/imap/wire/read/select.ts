import type { Qresync } from '../commands.ts';
import type { Reader } from './reader.ts';
import { knownSet } from './sequence-set.ts';
import { number64, nzNumber, word } from './text.ts';

/**
 *     select-params           = SP "(" select-param *(SP select-param) ")"      ; RFC 4466 §2.1
 *     condstore-param         = "CONDSTORE"                                     ; RFC 7162 §7
 *     select-param            =/ "QRESYNC" SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"
 *     select-param            =/ "ANNOTATE"                                    ; RFC 5257 §5
 */
export function selectParams(reader: Reader): {
  readonly condstore: boolean;
  readonly qresync: Qresync | null;
  readonly annotate: boolean;
} {
  let [condstore, annotate] = [false, false];
  let known: Qresync | null = null;
  if (reader.skip(' (')) {
    do {
      const param = word(reader, 'a select parameter');
      if (param === 'CONDSTORE') condstore = true;
      else if (param === 'ANNOTATE') annotate = true;
      else if (param === 'QRESYNC') {
        reader.sp();
        known = qresync(reader);
      } else reader.invalid('select parameter');
    } while (reader.skip(' '));
    reader.expect(')');
  }
  return { condstore, qresync: known, annotate };
}

/**
 *     seq-match-data     = "(" known-sequence-set SP known-uid-set ")"          ; RFC 7162 §7
 */
function qresync(reader: Reader): Qresync {
  reader.expect('(');
  const uidValidity = nzNumber(reader, 'a UIDVALIDITY');
  reader.sp();
  const modSeq = number64(reader, 'a mod-sequence');
  let knownUids: Qresync['knownUids'] = null;
  let match: Qresync['match'] = null;
  let more = reader.skip(' ');
  if (more && reader.peek() !== '(') {
    knownUids = knownSet(reader);
    more = reader.skip(' ');
  }
  if (more) {
    reader.expect('(');
    const sequence = knownSet(reader);
    reader.sp();
    match = { sequence, uids: knownSet(reader) };
    reader.expect(')');
  }
  reader.expect(')');
  return { uidValidity, modSeq, knownUids, match };
}
