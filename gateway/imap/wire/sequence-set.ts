/** One end of a range: a number, or `*`, the largest number in use. */
export type SequenceBound = number | '*';

/** A range as the client wrote it; RFC 9051 §9: `4:2` means the same as `2:4`, so the order of the ends says nothing. */
export interface SequenceRange {
  readonly from: SequenceBound;
  readonly to: SequenceBound;
}

/** `sequence-set`, or `$`: the result saved by the last SEARCH RETURN (SAVE) (RFC 5182). */
export type SequenceSet = readonly SequenceRange[] | '$';

/** A range of plain numbers, both ends included, `from <= to`. */
export interface NumberRange {
  readonly from: number;
  readonly to: number;
}

/**
 * The set as sorted ranges that neither touch nor overlap; `*` is `largest`.
 * With `largest` 0 the mailbox is empty and `*` stands for no message at all.
 */
export function resolveSet(set: readonly SequenceRange[], largest: number): NumberRange[] {
  const ranges: NumberRange[] = [];
  for (const range of set) {
    const a = range.from === '*' ? largest : range.from;
    const b = range.to === '*' ? largest : range.to;
    if (a > 0 && b > 0) ranges.push(a <= b ? { from: a, to: b } : { from: b, to: a });
  }
  ranges.sort((x, y) => x.from - y.from);
  const merged: NumberRange[] = [];
  for (const range of ranges) {
    const last = merged.at(-1);
    if (last === undefined || range.from > last.to + 1) merged.push(range);
    else if (range.to > last.to) merged[merged.length - 1] = { from: last.from, to: range.to };
  }
  return merged;
}
