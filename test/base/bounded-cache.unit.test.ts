import { expect, it } from 'vitest';
import { BoundedCache } from '../../lib/base/bounded-cache.ts';

it('keeps the newest, however many have come and gone', () => {
  const cache = new BoundedCache<number, string>(100, (value) => value.length);
  for (let key = 0; key < 10_000; key++) {
    cache.put(key, 'x'.repeat(key % 3));
    cache.put(key, 'what is there already stays');
  }
  const kept = Array.from({ length: 10_000 }, (_, key) => key).filter((key) => cache.get(key) !== undefined);
  expect(kept.at(-1)).toBe(9999);
  expect(kept.length).toBe(10_000 - (kept[0] ?? 0));
  expect(cache.bytes).toBe(kept.reduce((sum, key) => sum + (key % 3), 0));
  expect(cache.bytes).toBeGreaterThan(97);
});

it('what went may come again, and what is too large for all does not stay', () => {
  const cache = new BoundedCache<string, string>(10, (value) => value.length);
  cache.put('a', '123456');
  cache.put('b', '123456');
  expect(cache.get('a')).toBeUndefined();
  cache.put('a', '1234');
  expect([cache.get('a'), cache.get('b'), cache.bytes]).toEqual(['1234', '123456', 10]);
  cache.put('c', '12345678901');
  expect([cache.get('a'), cache.get('b'), cache.get('c'), cache.bytes]).toEqual([undefined, undefined, undefined, 0]);
});
