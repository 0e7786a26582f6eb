import { MODSEQ_STEP } from '../../lib/store/overlay.ts';

/**
 * The modification sequence (RFC 7162 §3.1) of what the record with this seq touched; an empty log has 1, never 0. Private
 * changes have a seq with a fraction (Rule 16), so that nothing is rounded here.
 */
export function modSeqOf(seq: number): number {
  return seq === 0 ? 1 : seq * MODSEQ_STEP;
}

/** Records up to here are known to a client that has seen this modification sequence. */
export function seqKnownAt(modSeq: number): number {
  return modSeq / MODSEQ_STEP;
}

/** Records from here on have at least this modification sequence. */
export function seqFrom(modSeq: number): number {
  return modSeq / MODSEQ_STEP;
}
