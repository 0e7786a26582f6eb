import fc from 'fast-check';
import { expect, it } from 'vitest';
import { orderOf, ranksOfNumbers, ranksOfTexts } from '../../lib/search/ranks.ts';
import { atOnce } from '../../lib/search/slices.ts';
import { TextNumbers } from '../../lib/search/text-numbers.ts';

const ranksBrute = <T>(values: readonly T[], compare: (a: T, b: T) => number): number[] => {
  const distinct = [...new Set(values)].sort(compare);
  return values.map((value) => distinct.indexOf(value));
};

it('equal values have one place, and places are as the values are', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -3, max: 2 ** 40 })), (values) => {
      const { ranks, count } = atOnce(ranksOfNumbers(Float64Array.from(values)));
      expect([...ranks]).toEqual(ranksBrute(values, (a, b) => a - b));
      expect(count).toBe(new Set(values).size);
    }),
  );
});

it('texts are placed as they compare, whatever their numbers are', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 3 })), (texts) => {
      const numbers = new TextNumbers();
      const numbered = Uint32Array.from(texts, (text) => numbers.numberOf(text));
      expect(Array.from(numbered, (number) => numbers.textOf(number))).toEqual(texts);
      const { ranks } = atOnce(ranksOfTexts(numbered, numbers));
      expect([...ranks]).toEqual(ranksBrute(texts, (a, b) => (a < b ? -1 : 1)));
    }),
  );
});

it('many are put in order as few are, ties as they were, and others run meanwhile', () => {
  const values = Uint32Array.from({ length: 70_001 }, (_, i) => (i * 7919) % 10_007);
  const indices = Array.from(values.keys());
  const expected = indices.sort((a, b) => (values[a] as number) - (values[b] as number) || a - b);
  const work = orderOf(values, 10_007);
  let turns = 0;
  let step = work.next();
  for (; !step.done; step = work.next()) turns++;
  expect([...step.value]).toEqual(expected);
  expect(turns).toBeGreaterThan(4);
});
