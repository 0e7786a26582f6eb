import { describe, expect, test } from 'vitest';
import type { Hint, Hints } from '../../lib/store/ports.ts';
import { until } from '../support/until.ts';

/** Opens another member of one group of processes; disposing of the group closes all. */
export interface HintGroup extends AsyncDisposable {
  join(): Promise<Hints>;
}

/** Every adapter of the Hints port passes these. */
export function hintsContract(name: string, open: () => Promise<HintGroup>): void {
  describe(name, () => {
    test('a hint reaches the processes it is sent to, and no other', async () => {
      await using group = await open();
      const [a, b, c] = [await group.join(), await group.join(), await group.join()];
      const seen: Record<'a' | 'b' | 'c', Hint[]> = { a: [], b: [], c: [] };
      a.listen((hint) => seen.a.push(hint));
      b.listen((hint) => seen.b.push(hint));
      c.listen((hint) => seen.c.push(hint));
      a.send({ id: 'm1', rev: 5 }, [b.address]);
      c.send({ id: 'm2', rev: Number.MAX_SAFE_INTEGER }, [a.address, b.address, c.address, b.address]);
      await until('all hints are there', () => seen.b.length >= 2 && seen.a.length >= 1);
      a.send({ id: 'last', rev: 1 }, [c.address]);
      await until('the last one is there', () => seen.c.length >= 1);
      expect(seen.a).toEqual([{ id: 'm2', rev: Number.MAX_SAFE_INTEGER }]);
      expect([...seen.b].sort((one, two) => one.rev - two.rev)).toEqual([{ id: 'm1', rev: 5 }, seen.a[0]]);
      expect(seen.c).toEqual([{ id: 'last', rev: 1 }]);
    });

    test('addresses differ and are short', async () => {
      await using group = await open();
      const addresses = [(await group.join()).address, (await group.join()).address];
      expect(new Set(addresses).size).toBe(2);
      for (const address of addresses) expect(Buffer.byteLength(address)).toBeLessThanOrEqual(60);
    });

    test('a listener that ended hears no more; the others do', async () => {
      await using group = await open();
      const [a, b] = [await group.join(), await group.join()];
      const first: Hint[] = [];
      const second: Hint[] = [];
      const end = b.listen((hint) => first.push(hint));
      b.listen((hint) => second.push(hint));
      a.send({ id: 'm', rev: 1 }, [b.address]);
      await until('the first is there', () => second.length === 1);
      end();
      a.send({ id: 'm', rev: 2 }, [b.address]);
      await until('the second is there', () => second.length === 2);
      expect(first).toHaveLength(1);
    });

    test('sending to addresses that are gone, foreign or hostile does not throw or wait', async () => {
      await using group = await open();
      const [a, b, gone] = [await group.join(), await group.join(), await group.join()];
      const hints: Hint[] = [];
      b.listen((hint) => hints.push(hint));
      await gone.close();
      const odd = ['', '/etc/passwd', '../x', '10.0.0.1:99999', '\0', 'x'.repeat(1000), gone.address];
      for (let i = 0; i < 50; i++) a.send({ id: 'm', rev: i }, odd);
      a.send({ id: 'two\nlines', rev: 1 }, [b.address]);
      a.send({ id: 'm', rev: 7 }, [b.address]);
      await until('the good one is there', () => hints.length > 0);
      expect(hints).toEqual([{ id: 'm', rev: 7 }]);
    });

    test('close may be called twice, and sending afterwards does nothing', async () => {
      await using group = await open();
      const [a, b] = [await group.join(), await group.join()];
      await a.close();
      await a.close();
      a.send({ id: 'm', rev: 1 }, [b.address]);
    });
  });
}
