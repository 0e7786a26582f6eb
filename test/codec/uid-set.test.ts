import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter } from '../../lib/base/bytes.ts';
import { UidSet } from '../../lib/store/uid-set.ts';

const MAX_UID = 2 ** 32 - 1;
/** Close together, so that sets touch, overlap and merge. */
const uids = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 40 });
const range = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }));

const sorted = (set: Iterable<number>): number[] => [...set].sort((a, b) => a - b);

describe('UidSet', () => {
  it('holds what a Set of numbers holds', () => {
    fc.assert(
      fc.property(uids, (list) => {
        const set = UidSet.of(...list);
        expect([...set]).toEqual(sorted(list));
        expect(set.size).toBe(list.length);
        expect(set.isEmpty).toBe(list.length === 0);
        expect(set.first).toBe(sorted(list)[0]);
        expect(set.last).toBe(sorted(list).at(-1));
        for (let uid = 0; uid <= 61; uid++) expect(set.has(uid)).toBe(list.includes(uid));
      }),
    );
  });

  it('has ascending ranges that neither touch nor overlap, however it was made', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 20 }), (ranges) => {
        const set = UidSet.fromRanges(ranges);
        const expected = new Set<number>();
        for (const [a, b] of ranges) for (let uid = Math.min(a, b); uid <= Math.max(a, b); uid++) expected.add(uid);
        expect([...set]).toEqual(sorted(expected));
        let last = -1;
        for (const [from, to] of set.ranges()) {
          expect(from).toBeGreaterThan(last + 1);
          expect(to).toBeGreaterThanOrEqual(from);
          last = to;
        }
      }),
    );
  });

  it('unites, subtracts and intersects as sets do', () => {
    fc.assert(
      fc.property(uids, uids, range, (a, b, [from, to]) => {
        const [setA, setB] = [UidSet.of(...a), UidSet.of(...b)];
        expect([...setA.union(setB)]).toEqual(sorted(new Set([...a, ...b])));
        expect(UidSet.union([setA, setB, setA]).toString()).toBe(setA.union(setB).toString());
        expect([...setA.minus(setB)]).toEqual(sorted(a.filter((uid) => !b.includes(uid))));
        const [low, high] = [Math.min(from, to), Math.max(from, to)];
        expect([...setA.within(low, high)]).toEqual(sorted(new Set(a)).filter((uid) => uid >= low && uid <= high));
        expect(setA.intersects(low, high)).toBe(a.some((uid) => uid >= low && uid <= high));
        const span = Array.from({ length: high - low + 1 }, (_, i) => low + i);
        expect(setA.covers(low, high)).toBe(span.every((uid) => a.includes(uid)));
        const rebuilt = UidSet.build((add) => {
          for (const [first, last] of setA.ranges()) {
            add(first, first);
            if (last > first) add(first + 1, last);
          }
        });
        expect(rebuilt.toString()).toBe(setA.toString());
      }),
    );
  });

  it('reads back what it wrote, up to the highest UID', () => {
    const any = fc.array(
      fc.tuple(fc.integer({ min: 1, max: MAX_UID }), fc.nat({ max: 100 })).map(([from, more]) => {
        return [from, Math.min(MAX_UID, from + more)] as const;
      }),
    );
    fc.assert(
      fc.property(any, (ranges) => {
        const set = UidSet.fromRanges(ranges);
        const to = new ByteWriter();
        set.write(to);
        const from = new ByteReader(to.finish());
        expect(UidSet.read(from).toString()).toBe(set.toString());
        expect(from.remaining).toBe(0);
      }),
    );
  });

  it('takes two bytes for a hundred thousand messages in a row', () => {
    const to = new ByteWriter();
    UidSet.fromRanges([[1, 100_000]]).write(to);
    expect(to.length).toBeLessThan(6);
  });
});
