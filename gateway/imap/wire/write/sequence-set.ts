import type { NumberRange } from '../sequence-set.ts';

/** Ascending numbers as `uid-set` or `sequence-set`: `1:3,7`; '' for none. */
export function formatSet(ascending: Iterable<number>): string {
  const ranges: NumberRange[] = [];
  let from = 0;
  let to = 0;
  for (const value of ascending) {
    if (value === to + 1 && from !== 0) to = value;
    else {
      if (from !== 0) ranges.push({ from, to });
      from = to = value;
    }
  }
  if (from !== 0) ranges.push({ from, to });
  return formatRanges(ranges);
}

/** Ranges in the order given: `1:3,7`; '' for none. */
export function formatRanges(ranges: readonly NumberRange[]): string {
  return ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}:${to}`)).join(',');
}
