import { expect, it } from 'vitest';
import { newId } from '../../lib/base/ids.ts';
import { Arrangements } from '../../lib/search/arrangements.ts';

const [mailbox, other] = [newId(0), newId(0)];

function cacheOf(maxBytes: number): Arrangements<readonly number[]> {
  return new Arrangements(maxBytes, (uids) => 8 * uids.length);
}

it('gives what was made of the same messages by the same, and of no others', () => {
  const cache = cacheOf(10_000);
  const made = [3, 2, 1];
  cache.put(mailbox, 'DATE', [1, 2, 3], made);
  expect(cache.get(mailbox, 'DATE', [1, 2, 3])).toBe(made);
  for (const uids of [[1, 2], [1, 2, 4], [1, 2, 3, 4], []]) expect(cache.get(mailbox, 'DATE', uids)).toBeUndefined();
  expect(cache.get(mailbox, '-DATE', [1, 2, 3])).toBeUndefined();
  expect(cache.get(other, 'DATE', [1, 2, 3])).toBeUndefined();
});

it('what is made of other messages takes the place of what was there', () => {
  const cache = cacheOf(10_000);
  cache.put(mailbox, 'DATE', [1, 2, 3], [3, 2, 1]);
  const { bytes } = cache;
  cache.put(mailbox, 'DATE', [2, 3, 4], [4, 3, 2]);
  expect(cache.bytes).toBe(bytes);
  expect(cache.get(mailbox, 'DATE', [1, 2, 3])).toBeUndefined();
  expect(cache.get(mailbox, 'DATE', [2, 3, 4])).toEqual([4, 3, 2]);
});

it('holds about so many bytes (orderBytes, threadBytes): what was not asked for longest goes first', () => {
  const cache = cacheOf(40_000);
  const uids = Array.from({ length: 1000 }, (_, i) => i + 1);
  for (const by of ['DATE', 'FROM', 'TO']) cache.put(mailbox, by, uids, uids);
  expect(cache.bytes).toBeGreaterThan(36_000);
  expect(cache.get(mailbox, 'DATE', uids)).toBe(uids);
  cache.put(mailbox, 'SUBJECT', uids, uids);
  expect(cache.bytes).toBeLessThanOrEqual(40_000);
  expect(cache.get(mailbox, 'FROM', uids)).toBeUndefined();
  for (const by of ['DATE', 'TO', 'SUBJECT']) expect(cache.get(mailbox, by, uids)).toBe(uids);
});

it('what is more than all may hold is not kept, and nothing goes for it; arrangements of few messages count too', () => {
  const cache = cacheOf(10_000);
  cache.put(mailbox, 'DATE', [1], [1]);
  const many = Array.from({ length: 1000 }, (_, i) => i + 1);
  cache.put(mailbox, 'FROM', many, many);
  expect(cache.get(mailbox, 'FROM', many)).toBeUndefined();
  expect(cache.get(mailbox, 'DATE', [1])).toEqual([1]);
  for (let i = 0; i < 100; i++) cache.put(newId(0), 'DATE', [], []);
  expect(cache.bytes).toBeLessThanOrEqual(10_000);
  expect(cache.bytes).toBeGreaterThan(5_000);
});
