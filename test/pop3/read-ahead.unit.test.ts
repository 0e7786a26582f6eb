import { expect, it } from 'vitest';
import { ReadAhead } from '../../gateway/pop3/read-ahead.ts';

/** Messages of 100 octets, but for those with another size; what was read, in order. */
function ahead(sizes: Readonly<Record<number, number>> = {}, count = 20) {
  const reads: number[] = [];
  const sizeOf = (index: number): number => (index < count ? (sizes[index] ?? 100) : -1);
  const one = new ReadAhead({ aheadMessages: 3, aheadBytes: 1000 }, sizeOf, async (index) => {
    reads.push(index);
    return Buffer.from(`${index}`);
  });
  const take = async (index: number): Promise<string> => (await one.take(index)).toString();
  return { reads, take };
}

it('in order, each message is read once, and before its turn', async () => {
  const { reads, take } = ahead();
  for (let index = 0; index < 20; index++) expect(await take(index)).toBe(`${index}`);
  expect(reads.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  expect(reads.indexOf(9)).toBeLessThan(10);
});

it('long messages, and those that are not to be read, are not read ahead', async () => {
  const { reads, take } = ahead({ 1: 2000, 2: -1 });
  expect(await take(0)).toBe('0');
  expect(reads.includes(1) || reads.includes(2)).toBe(false);
  expect(reads).toContain(3);
});

it('who jumps gets what was asked for, and goes on from there', async () => {
  const { reads, take } = ahead();
  for (const index of [0, 1, 10, 11, 5, 6, 7, 0, 0, 1, 19]) expect(await take(index)).toBe(`${index}`);
  expect(reads).toContain(14);
  expect(reads).not.toContain(16);
});

it('a read ahead that fails is tried again in its turn', async () => {
  let failures = 1;
  const one = new ReadAhead(
    { aheadMessages: 1, aheadBytes: 1000 },
    (index) => (index < 2 ? 1 : -1),
    async (index) => {
      if (index === 1 && failures-- > 0) throw new Error('not now');
      return Buffer.from(`${index}`);
    },
  );
  await one.take(0);
  expect((await one.take(1)).toString()).toBe('1');
});
