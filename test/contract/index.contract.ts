import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Index, Item, Key, Page, RangeQuery, Row } from '../../lib/store/ports.ts';

export interface OpenedIndex extends AsyncDisposable {
  readonly index: Index;
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
let partitions = 0;

/** Every adapter of the Index port passes these. Each test works in a partition of its own. */
export function indexContract(name: string, open: () => Promise<OpenedIndex>): void {
  describe(name, () => {
    let opened: OpenedIndex;
    let index: Index;
    beforeAll(async () => {
      opened = await open();
      index = opened.index;
    });
    afterAll(() => opened[Symbol.asyncDispose]());

    conditions(() => index);
    counters(() => index);
    items(() => index);
    ranges(() => index);
    batches(() => index);
    scans(() => index);
  });
}

function keysOf(): (sk: string) => Key {
  const pk = bytes(`partition ${process.pid} ${partitions++}`);
  return (sk) => ({ pk, sk: bytes(sk) });
}

function conditions(index: () => Index): void {
  test('a put without a condition replaces the whole item', async () => {
    const key = keysOf()('a');
    expect(await index().put(key, { r: 1, a: 5 })).toEqual({ ok: true });
    expect(await index().put(key, { b: 6 })).toEqual({ ok: true });
    expect(await index().get(key)).toEqual({ b: 6 });
  });

  test('put if absent: the first wins, the others see the item', async () => {
    const key = keysOf()('a');
    expect(await index().put(key, { r: 1 }, 'absent')).toEqual({ ok: true });
    expect(await index().put(key, { r: 2 }, 'absent')).toEqual({ ok: false, current: { r: 1 } });
    expect(await index().get(key)).toEqual({ r: 1 });
  });

  test('put if the revision is equal', async () => {
    const key = keysOf()('a');
    expect(await index().put(key, { r: 2 }, { rev: 1 })).toEqual({ ok: false, current: undefined });
    await index().put(key, { r: 1 });
    expect(await index().put(key, { r: 7 }, { rev: 1 })).toEqual({ ok: true });
    expect(await index().put(key, { r: 8 }, { rev: 1 })).toEqual({ ok: false, current: { r: 7 } });
    await index().put(key, { a: 1 });
    expect(await index().put(key, { r: 8 }, { rev: 7 })).toEqual({ ok: false, current: { a: 1 } });
  });

  test('of 32 racers one wins, and the losers see the winner or a later item', async () => {
    const key = keysOf()('a');
    for (const condition of ['absent', { rev: 0 }, { rev: 1 }] as const) {
      const r = condition === 'absent' ? 0 : condition.rev + 1;
      const results = await Promise.all(
        Array.from({ length: 32 }, (_, who) => index().put(key, { r, who }, condition)),
      );
      expect(results.filter((result) => result.ok)).toHaveLength(1);
      const winner = results.findIndex((result) => result.ok);
      for (const result of results) if (!result.ok) expect(result.current).toEqual({ r, who: winner });
      expect(await index().get(key)).toEqual({ r, who: winner });
    }
  });

  test('32 writers that rebase on what a failed condition answers lose nothing', async () => {
    const key = keysOf()('a');
    await index().put(key, { r: 0, n: 0 });
    const commit = async (): Promise<void> => {
      let current: Item | undefined = { r: 0, n: 0 };
      for (;;) {
        const next: Item = { r: Number(current?.r) + 1, n: Number(current?.n) + 1 };
        const result = await index().put(key, next, { rev: Number(current?.r) });
        if (result.ok) return;
        expect(Number(result.current?.r)).toBeGreaterThan(Number(current?.r));
        current = result.current;
      }
    };
    await Promise.all(Array.from({ length: 32 }, commit));
    expect(await index().get(key)).toEqual({ r: 32, n: 32 });
  });

  test('delete with and without conditions', async () => {
    const key = keysOf()('a');
    expect(await index().delete(key)).toEqual({ ok: true });
    expect(await index().delete(key, { rev: 1 })).toEqual({ ok: false, current: undefined });
    expect(await index().delete(key, 'absent')).toEqual({ ok: true });
    await index().put(key, { r: 1 });
    expect(await index().delete(key, 'absent')).toEqual({ ok: false, current: { r: 1 } });
    expect(await index().delete(key, { rev: 2 })).toEqual({ ok: false, current: { r: 1 } });
    expect(await index().delete(key, { rev: 1 })).toEqual({ ok: true });
    expect(await index().get(key)).toBeUndefined();
    await index().put(key, { r: 1 });
    await index().delete(key);
    expect(await index().get(key)).toBeUndefined();
  });

  test('of 32 deletions of one revision one succeeds', async () => {
    const key = keysOf()('a');
    await index().put(key, { r: 1 });
    const results = await Promise.all(Array.from({ length: 32 }, () => index().delete(key, { rev: 1 })));
    expect(results.filter((result) => result.ok)).toHaveLength(1);
  });
}

function counters(index: () => Index): void {
  test('add makes the item, answers new values and leaves other attributes', async () => {
    const key = keysOf()('a');
    expect(await index().add(key, { n: 5, m: -3 })).toEqual({ n: 5, m: -3 });
    expect(await index().add(key, { n: -6 })).toEqual({ n: -1 });
    expect(await index().get(key)).toEqual({ n: -1, m: -3 });
    await index().put(key, { r: 1, v: bytes('v'), n: 1 });
    expect(await index().add(key, { n: 1 })).toEqual({ n: 2 });
    expect(await index().get(key)).toEqual({ r: 1, v: bytes('v'), n: 2 });
  });

  test('100 concurrent adds all count, and no two answer the same sum', async () => {
    const key = keysOf()('a');
    const sums = await Promise.all(Array.from({ length: 100 }, () => index().add(key, { n: 1, m: 2 })));
    expect(new Set(sums.map((sum) => sum.n)).size).toBe(100);
    for (const sum of sums) expect(sum.m).toBe(2 * Number(sum.n));
    expect(await index().get(key)).toEqual({ n: 100, m: 200 });
  });
}

function items(index: () => Index): void {
  test('attributes come back as they went in', async () => {
    const key = keysOf()('a');
    const item: Item = {
      r: 0,
      n: Number.MAX_SAFE_INTEGER,
      neg: Number.MIN_SAFE_INTEGER,
      e: new Uint8Array(0),
      z: Buffer.alloc(3),
      all: Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
    };
    await index().put(key, item);
    const found = await index().get(key);
    expect(Object.keys(found ?? {}).sort()).toEqual(Object.keys(item).sort());
    for (const [name, value] of Object.entries(item))
      expect(typeof value === 'number' ? found?.[name] : Buffer.from(found?.[name] as Uint8Array)).toEqual(
        typeof value === 'number' ? value : Buffer.from(value),
      );
  });

  test('a view into a larger buffer is stored alone, and later changes of it do not matter', async () => {
    const key = keysOf()('a');
    const whole = Buffer.from('..value..');
    const put = index().put(key, { v: whole.subarray(2, 7) });
    whole.fill('x');
    await put;
    expect((await index().get(key))?.v).toEqual(bytes('value'));
  });

  test('an item of 380 KB is taken, a larger one refused', async () => {
    const key = keysOf()('a');
    await index().put(key, { v: Buffer.alloc(379 * 1024, 7) });
    expect((await index().get(key))?.v).toHaveLength(379 * 1024);
    await expect(index().put(key, { v: Buffer.alloc(380 * 1024) })).rejects.toThrow(RangeError);
  });

  test('what the contract does not allow is refused', async () => {
    const key = keysOf()('a');
    for (const sk of [Buffer.alloc(0), Buffer.alloc(501)]) {
      await expect(index().get({ pk: key.pk, sk })).rejects.toThrow(RangeError);
      await expect(index().put({ pk: sk, sk: key.sk }, { r: 1 })).rejects.toThrow(RangeError);
    }
    for (const item of [{ r: 0.5 }, { r: Number.NaN }, { r: 2 ** 53 }, { long: 1 }, { r1: 1 }, { pk: 1 }, { sk: 1 }])
      await expect(index().put(key, item as unknown as Item)).rejects.toThrow(RangeError);
    expect(await index().get(key)).toBeUndefined();
  });

  test('keys of 500 bytes', async () => {
    const key: Key = { pk: Buffer.alloc(500, 0xff), sk: Buffer.alloc(500, 0xff) };
    await index().put(key, { r: 1 });
    expect(await index().get(key)).toEqual({ r: 1 });
    expect((await index().query({ pk: key.pk, after: key.sk })).rows).toEqual([]);
    expect((await index().query({ pk: key.pk, prefix: key.sk })).rows).toHaveLength(1);
    await index().delete(key);
  });
}

/** Reads all pages; `next` must grow, so it ends. */
async function all(index: Index, range: RangeQuery): Promise<Row[]> {
  const rows: Row[] = [];
  let after = range.after;
  for (;;) {
    const page: Page = await index.query(after === undefined ? range : { ...range, after });
    if (range.limit !== undefined) expect(page.rows.length).toBeLessThanOrEqual(range.limit);
    rows.push(...page.rows);
    if (page.next === undefined) return rows;
    if (after !== undefined) expect(Buffer.compare(page.next, after)).toBeGreaterThan(0);
    after = page.next;
  }
}

function ranges(index: () => Index): void {
  test('rows come in the order of their bytes, and no partition leaks into another', async () => {
    const key = keysOf();
    const names = [
      '\0',
      '\0\0',
      '\0\xff',
      'a',
      'a\0',
      'a\0b',
      'ab',
      'a\xff',
      'b',
      '\x7f',
      '\x80',
      '\xff',
      '\xff\0',
      '\xff\xff',
    ];
    for (const name of [...names].reverse()) await index().put(key(name), { r: 1, v: bytes(name) });
    for (const pk of [key('').pk.subarray(0, -1), Buffer.concat([key('').pk, bytes('\0')])])
      await index().put({ pk, sk: bytes('other') }, { r: 1 });
    const rows = await all(index(), { pk: key('').pk });
    expect(rows.map((row) => row.sk.toString('latin1'))).toEqual(names.sort());
    for (const row of rows) expect(row.item).toEqual({ r: 1, v: row.sk });
  });

  test('prefix, after, upTo and limit select what a simple model selects', async () => {
    const key = keysOf();
    const part = fc.array(fc.constantFrom(0x00, 0x01, 0x61, 0x62, 0xfe, 0xff), { minLength: 0, maxLength: 3 });
    const sortKey = part.filter((codes) => codes.length > 0).map((codes) => Buffer.from(codes));
    const stored: Buffer[] = [];
    const seen = new Set<string>();
    for (const sk of fc.sample(sortKey, { numRuns: 120, seed: 1 })) {
      if (seen.has(sk.toString('hex'))) continue;
      seen.add(sk.toString('hex'));
      stored.push(sk);
    }
    await Promise.all(stored.map((sk) => index().put({ pk: key('').pk, sk }, { r: 1 })));
    stored.sort(Buffer.compare);
    const bound = fc.option(sortKey, { nil: undefined });
    const limit = fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined });
    const prefix = fc.option(
      part.map((codes) => Buffer.from(codes)),
      { nil: undefined },
    );
    await fc.assert(
      fc.asyncProperty(prefix, bound, bound, limit, async (prefix, after, upTo, limit) => {
        const expected = stored.filter(
          (sk) =>
            (prefix === undefined || sk.subarray(0, prefix.length).equals(prefix)) &&
            (after === undefined || Buffer.compare(sk, after) > 0) &&
            (upTo === undefined || Buffer.compare(sk, upTo) <= 0),
        );
        const range: RangeQuery = {
          pk: key('').pk,
          ...(prefix && { prefix }),
          ...(after && { after }),
          ...(upTo && { upTo }),
          ...(limit && { limit }),
        };
        expect((await all(index(), range)).map((row) => row.sk)).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });

  test('a page has about 1 MB, however large the limit', async () => {
    const key = keysOf();
    for (let i = 10; i < 30; i++) await index().put(key(`${i}`), { r: i, v: Buffer.alloc(200 * 1024) });
    const first = await index().query({ pk: key('').pk });
    expect(first.next).toBeDefined();
    expect(first.rows.length).toBeLessThanOrEqual(8);
    const rows = await all(index(), { pk: key('').pk, limit: 1000 });
    expect(rows.map((row) => row.item.r)).toEqual(Array.from({ length: 20 }, (_, i) => i + 10));
  });

  test('a partition with nothing in it', async () => {
    expect(await index().query({ pk: keysOf()('').pk })).toEqual({ rows: [] });
  });

  test('a strong query sees what was acknowledged before it', async () => {
    const key = keysOf();
    for (let i = 0; i < 50; i++) {
      await index().put(key(`${i}`), { r: 1 });
      expect((await index().query({ pk: key('').pk, prefix: bytes(`${i}`) })).rows.length).toBeGreaterThan(0);
    }
  });
}

function batches(index: () => Index): void {
  test('a batch answers in the order of its keys, with absent ones, duplicates and more than 100', async () => {
    const key = keysOf();
    const present = Array.from({ length: 250 }, (_, i) => i).filter((i) => i % 3 !== 0);
    await Promise.all(present.map((i) => index().put(key(`k${i}`), { r: i })));
    const wanted = [...Array.from({ length: 250 }, (_, i) => 249 - i), 7, 7, 3];
    const found = await index().batchGet(wanted.map((i) => key(`k${i}`)));
    expect(found).toEqual(wanted.map((i) => (i % 3 === 0 ? undefined : { r: i })));
    expect(await index().batchGet([])).toEqual([]);
  });
}

function scans(index: () => Index): void {
  test('a scan finds every item once', async () => {
    const key = keysOf();
    for (let i = 0; i < 25; i++) await index().put(key(`scan ${i}`), { r: i });
    const found: string[] = [];
    let after: Key | undefined;
    for (;;) {
      const page = await index().scan(after, 10);
      for (const row of page.rows) found.push(`${row.pk.toString('hex')}/${row.sk.toString('hex')}`);
      if (page.next === undefined) break;
      after = page.next;
    }
    expect(new Set(found).size).toBe(found.length);
    for (let i = 0; i < 25; i++) {
      const { pk, sk } = key(`scan ${i}`);
      expect(found).toContain(`${pk.toString('hex')}/${sk.toString('hex')}`);
    }
  });
}
