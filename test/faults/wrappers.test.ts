import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Embedded, openEmbedded } from '../../lib/embedded/open.ts';
import type { Item, Key } from '../../lib/store/ports.ts';
import { blobsContract } from '../contract/blobs.contract.ts';
import { indexContract } from '../contract/index.contract.ts';
import { Costs, countingBlobs, countingIndex } from '../support/counting-index.ts';
import { type FaultChooser, FaultPlan, scripted, seeded } from '../support/fault-plan.ts';
import { faultyBlobs } from '../support/faulty-blobs.ts';
import { faultyIndex } from '../support/faulty-index.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const key: Key = { pk: Buffer.from('p'), sk: Buffer.from('s') };
const unavailable = { code: 'unavailable' };

async function withStore(use: (store: Embedded) => Promise<void>): Promise<void> {
  await using folder = await temporaryFolder();
  const store = await openEmbedded(join(folder.path, 'data'));
  try {
    await use(store);
  } finally {
    await store.close();
  }
}

async function opened<T>(open: (store: Embedded) => T): Promise<T & AsyncDisposable> {
  const folder = await temporaryFolder();
  const store = await openEmbedded(join(folder.path, 'data'));
  const close = async (): Promise<void> => {
    await store.close();
    await folder[Symbol.asyncDispose]();
  };
  return { ...open(store), [Symbol.asyncDispose]: close };
}

const never: FaultChooser = () => undefined;
indexContract('faulty and counting index without faults', () =>
  opened(({ index }) => ({ index: countingIndex(faultyIndex(index, new FaultPlan(never)), new Costs()) })),
);
blobsContract('counting blobs', () => opened(({ blobs }) => ({ blobs: countingBlobs(blobs, new Costs()) })));

describe('faults', () => {
  test('fail, lost, late, twice and pause do to a write what they say', () =>
    withStore(async ({ index }) => {
      let resume: () => void = () => undefined;
      const pause = new Promise<void>((resolve) => (resume = resolve));
      const plan = new FaultPlan(scripted({ 1: 'fail', 2: 'lost', 3: 'late', 4: 'twice', 5: { pause } }));
      const faulty = faultyIndex(index, plan);
      await expect(faulty.put(key, { r: 1 }, 'absent')).rejects.toMatchObject(unavailable);
      expect(await index.get(key)).toBeUndefined();
      await expect(faulty.put(key, { r: 1 }, 'absent')).rejects.toMatchObject(unavailable);
      expect(await index.get(key)).toEqual({ r: 1 });
      await expect(faulty.put(key, { r: 2 }, { rev: 1 })).rejects.toMatchObject(unavailable);
      expect(await index.get(key)).toEqual({ r: 1 });
      await plan.landed();
      expect(await index.get(key)).toEqual({ r: 2 });
      expect(await faulty.put(key, { r: 3 }, { rev: 2 })).toEqual({ ok: false, current: { r: 3 } });
      const paused = faulty.put(key, { r: 4 }, { rev: 3 });
      expect(await index.get(key)).toEqual({ r: 3 });
      resume();
      expect(await paused).toEqual({ ok: true });
      expect(await faulty.get(key)).toEqual({ r: 4 });
      expect(plan.calls.map((call) => call.name)).toEqual([
        ...Array.from({ length: 5 }, () => 'index.put'),
        'index.get',
      ]);
    }));

  test('blobs put late and twice, from a body that can be read once', () =>
    withStore(async ({ blobs }) => {
      const plan = new FaultPlan(scripted({ 1: 'late', 2: 'twice' }));
      const faulty = faultyBlobs(blobs, plan);
      async function* body(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('bo');
        yield Buffer.from('dy');
      }
      await expect(faulty.put('a/late', body())).rejects.toMatchObject(unavailable);
      await plan.landed();
      expect(String(await blobs.get('a/late'))).toBe('body');
      expect((await faulty.put('a/twice', body())).created).toBe(false);
      expect(String(await blobs.get('a/twice'))).toBe('body');
    }));

  test('a seed gives one course, with every kind of fault and only failures and pauses of reads', () => {
    const kinds = (seed: number, writes: boolean): unknown[] => {
      const choose = seeded(seed, 0.5);
      const fault = (number: number) => choose({ number, name: 'x', writes });
      return Array.from({ length: 300 }, (_, i) => fault(i + 1)).map((each) =>
        typeof each === 'object' ? 'pause' : each,
      );
    };
    expect(kinds(7, true)).toEqual(kinds(7, true));
    expect(kinds(7, true)).not.toEqual(kinds(8, true));
    expect(new Set(kinds(7, true))).toEqual(new Set([undefined, 'pause', 'fail', 'lost', 'late', 'twice']));
    expect(new Set(kinds(7, false))).toEqual(new Set([undefined, 'pause', 'fail']));
  });
});

describe('costs', () => {
  test('units are those of DynamoDB', () =>
    withStore(async ({ index, blobs }) => {
      const costs = new Costs();
      const counted = countingIndex(index, costs);
      const sized = (bytes: number): Item => ({ r: 1, v: Buffer.alloc(bytes) });
      await counted.put(key, sized(900));
      expect([costs.writeRequests, costs.writeUnits]).toEqual([1, 1]);
      await counted.put(key, sized(3000));
      expect(costs.writeUnits).toBe(4);
      await counted.put(key, sized(10));
      expect(costs.writeUnits).toBe(7);
      await counted.put(key, sized(10), { rev: 9 });
      expect([costs.writeRequests, costs.writeUnits]).toEqual([4, 8]);
      await counted.add(key, { n: 1 });
      await counted.put(key, sized(5000));
      costs.reset();
      await counted.get(key);
      await counted.get(key, { consistent: false });
      await counted.get({ pk: key.pk, sk: Buffer.from('none') });
      expect([costs.readRequests, costs.readUnits]).toEqual([3, 4]);
      await counted.batchGet([key, key, { pk: key.pk, sk: Buffer.from('none') }]);
      expect([costs.readRequests, costs.readUnits]).toEqual([4, 7]);
      await counted.query({ pk: key.pk });
      expect([costs.readRequests, costs.readUnits]).toEqual([5, 9]);
      expect(costs.requests).toEqual(['get', 'get', 'get', 'batchGet', 'query']);
      const counting = countingBlobs(blobs, costs);
      await counting.put('a/b', Buffer.from('x'));
      await counting.get('a/b');
      await counting.deleteMany(['a/b']);
      expect([costs.blobPuts, costs.blobGets, costs.blobOthers]).toEqual([1, 1, 1]);
    }));
});
