import type { SequenceBound, SequenceRange, SequenceSet } from '../sequence-set.ts';
import type { Reader } from './reader.ts';
import { nzNumber } from './text.ts';

/**
 *     sequence-set = (seq-number / seq-range) ["," sequence-set] / seq-last-command      ; RFC 9051 §9
 *     seq-range    = seq-number ":" seq-number
 *     seq-number   = nz-number / "*"
 *     seq-last-command = "$"
 */
export function sequenceSet(reader: Reader): SequenceSet {
  if (reader.skip('$')) return '$';
  const ranges: SequenceRange[] = [];
  do {
    const from = bound(reader);
    ranges.push({ from, to: reader.skip(':') ? bound(reader) : from });
  } while (reader.skip(','));
  return ranges;
}

/**
 *     known-uids = sequence-set       ; "*" is not allowed, RFC 7162 §7
 */
export function knownSet(reader: Reader): SequenceSet {
  const set = sequenceSet(reader);
  if (set === '$' || set.some((range) => range.from === '*' || range.to === '*'))
    reader.invalid('set (only numbers are allowed)');
  return set;
}

/** Whether a sequence set can begin with this character. */
export function beginsSet(character: string): boolean {
  return /^[0-9*$]$/.test(character);
}

function bound(reader: Reader): SequenceBound {
  return reader.skip('*') ? '*' : nzNumber(reader, 'a sequence set');
}
