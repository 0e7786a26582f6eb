import { type Sliced, sorted } from './slices.ts';
import type { TextNumbers } from './text-numbers.ts';

/** Numbers that are put in order without a pause. */
const RUN = 32 * 1024;

/** Places in an order: equal values have the same, and every one is below `count`. */
export interface Ranks {
  readonly ranks: Uint32Array;
  readonly count: number;
}

/** The places of numbers, none of which is NaN, in their ascending order. */
export function* ranksOfNumbers(values: Float64Array): Sliced<Ranks> {
  const inOrder = yield* ascending(values.slice());
  let count = 0;
  for (let i = 0; i < inOrder.length; i++) {
    if (i === 0 || inOrder[i] !== inOrder[i - 1]) inOrder[count++] = inOrder[i] as number;
    if (i % RUN === RUN - 1) yield;
  }
  const ranks = new Uint32Array(values.length);
  for (let i = 0; i < ranks.length; i++) {
    ranks[i] = placeOf(inOrder, count, values[i] as number);
    if (i % RUN === RUN - 1) yield;
  }
  return { ranks, count };
}

/** The places of texts, which are told by their numbers, in the order of `<`. */
export function* ranksOfTexts(numbered: Uint32Array, numbers: TextNumbers): Sliced<Ranks> {
  const rankOf = new Uint32Array(numbers.count);
  const texts: { readonly number: number; readonly text: string }[] = [];
  for (const number of numbered) {
    if (rankOf[number] !== 0) continue;
    rankOf[number] = 1;
    texts.push({ number, text: numbers.textOf(number) });
  }
  const inOrder = yield* sorted(texts, (a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
  for (const [rank, { number }] of inOrder.entries()) rankOf[number] = rank;
  return { ranks: numbered.map((number) => rankOf[number] as number), count: texts.length };
}

/** Indices of the values in their ascending order; equal ones stay as they are. Values are integers, `count` above all of them. */
export function* orderOf(values: Uint32Array, count: number): Sliced<Uint32Array> {
  const length = values.length;
  // Value and index in one number: that is exact up to 2^53, and sorted without asking anybody to compare.
  if (count * length >= Number.MAX_SAFE_INTEGER) throw new RangeError(`${length} values below ${count}`);
  const both = new Float64Array(length);
  for (let i = 0; i < length; i++) both[i] = (values[i] as number) * length + i;
  const inOrder = yield* ascending(both);
  const order = new Uint32Array(length);
  for (let i = 0; i < length; i++) order[i] = (inOrder[i] as number) % length;
  return order;
}

/** The numbers in ascending order; what is given is used up. */
function* ascending(values: Float64Array): Sliced<Float64Array> {
  for (let at = 0; at < values.length; at += RUN) {
    values.subarray(at, at + RUN).sort();
    yield;
  }
  let [from, to] = [values, values.length > RUN ? new Float64Array(values.length) : values];
  for (let width = RUN; width < values.length; width *= 2) {
    for (let at = 0; at < values.length; at += 2 * width) yield* merge(from, to, at, width);
    [from, to] = [to, from];
  }
  return from;
}

/** Merges two neighbouring runs of `width` that begin at `start`; the last ones may be shorter. */
function* merge(from: Float64Array, to: Float64Array, start: number, width: number): Sliced<void> {
  const middle = Math.min(start + width, from.length);
  const end = Math.min(start + 2 * width, from.length);
  for (let [at, left, right] = [start, start, middle]; at < end; at++) {
    const takesLeft = right >= end || (left < middle && (from[left] as number) <= (from[right] as number));
    to[at] = from[takesLeft ? left++ : right++] as number;
    if (at % RUN === RUN - 1) yield;
  }
}

/** Of the first `count` ascending numbers, the index of the one that is `value`. */
function placeOf(inOrder: Float64Array, count: number, value: number): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((inOrder[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
