import { MODSEQ_STEP } from '../../lib/store/overlay.ts';

/** The modification sequence (RFC 7162 §3.1) of what the record with this seq touched; an empty log has 1, never 0. */
export function modSeqOf(seq: number): number {
  return seq === 0 ? 1 : seq * MODSEQ_STEP;
}

/** The newest record that a client knows of that has seen this modification sequence. */
export function seqKnownAt(modSeq: number): number {
  return Math.floor(modSeq / MODSEQ_STEP);
}

/** The oldest record whose modification sequence is at least this one. */
export function seqFrom(modSeq: number): number {
  return Math.ceil(modSeq / MODSEQ_STEP);
}
