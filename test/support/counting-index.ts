import { itemBytes } from '../../lib/store/port-limits.ts';
import type { Blobs, Index, Item, Key } from '../../lib/store/ports.ts';
import { copyOfItem } from './faulty-index.ts';

/** What operations cost: a read unit is a strong read of 4 KB, a write unit 1 KB. */
export class Costs {
  readRequests = 0;
  readUnits = 0;
  writeRequests = 0;
  writeUnits = 0;
  blobPuts = 0;
  blobGets = 0;
  /** Info, list, copy and delete requests. */
  blobOthers = 0;
  /** Every request, in order: `get`, `put`, `blob put`, ... */
  readonly requests: string[] = [];

  reset(): void {
    this.readRequests = this.readUnits = this.writeRequests = this.writeUnits = 0;
    this.blobPuts = this.blobGets = this.blobOthers = 0;
    this.requests.length = 0;
  }

  read(name: string, requests: number, bytes: readonly number[], consistent: boolean | undefined): void {
    const units = bytes.reduce((sum, each) => sum + Math.max(1, Math.ceil(each / 4096)), 0);
    this.readRequests += requests;
    this.readUnits += (consistent ?? true) ? units : units / 2;
    for (let i = 0; i < requests; i++) this.requests.push(name);
  }

  write(name: string, bytes: number): void {
    this.writeRequests++;
    this.writeUnits += Math.max(1, Math.ceil(bytes / 1024));
    this.requests.push(name);
  }

  /** One request that the store itself says has taken so many units. */
  consumed(kind: 'read' | 'write', name: string, units: number): void {
    this[`${kind}Requests`]++;
    this[`${kind}Units`] += units;
    this.requests.push(name);
  }

  blob(name: string, kind: 'blobPuts' | 'blobGets' | 'blobOthers', requests = 1): void {
    this[kind] += requests;
    for (let i = 0; i < requests; i++) this.requests.push(`blob ${name}`);
  }
}

/** The index, counting what each call costs. A write costs the larger of the old and the new item, failed or not. */
export function countingIndex(index: Index, costs: Costs): Index {
  const size = (key: Key, item: Item | undefined): number => (item === undefined ? 0 : itemBytes(key, item));
  const sizeNow = async (key: Key): Promise<number> => size(key, await index.get(key));
  return {
    async get(key, options) {
      const item = await index.get(key, options);
      costs.read('get', 1, [size(key, item)], options?.consistent);
      return item;
    },
    async batchGet(keys, options) {
      const found = await index.batchGet(keys, options);
      const bytes = new Map(
        keys.map((key, i) => [`${key.pk.toString('hex')}/${key.sk.toString('hex')}`, size(key, found[i])]),
      );
      costs.read('batchGet', Math.ceil(bytes.size / 100), [...bytes.values()], options?.consistent);
      return found;
    },
    async put(key, item, condition) {
      // The caller may change its buffers once `put` has returned.
      const own = copyOfItem(item);
      const old = await sizeNow(key);
      const result = await index.put(key, own, condition);
      costs.write('put', result.ok ? Math.max(old, size(key, item)) : Math.max(old, size(key, result.current)));
      return result;
    },
    async delete(key, condition) {
      const old = await sizeNow(key);
      const result = await index.delete(key, condition);
      costs.write('delete', old);
      return result;
    },
    async add(key, deltas) {
      const old = await sizeNow(key);
      const sums = await index.add(key, deltas);
      costs.write('add', Math.max(old, await sizeNow(key)));
      return sums;
    },
    async query(range) {
      const page = await index.query(range);
      const bytes = page.rows.reduce((sum, row) => sum + itemBytes({ pk: range.pk, sk: row.sk }, row.item), 0);
      costs.read('query', 1, [bytes], range.consistent);
      return page;
    },
    async scan(after, limit) {
      const page = await index.scan(after, limit);
      costs.read('scan', 1, [page.rows.reduce((sum, row) => sum + itemBytes(row, row.item), 0)], true);
      return page;
    },
    close: () => index.close(),
  };
}

/** The blobs, counting requests. */
export function countingBlobs(blobs: Blobs, costs: Costs): Blobs {
  return {
    put(key, body, metadata) {
      costs.blob('put', 'blobPuts');
      return blobs.put(key, body, metadata);
    },
    get(key, range) {
      costs.blob('get', 'blobGets');
      return blobs.get(key, range);
    },
    stream(key, range) {
      costs.blob('get', 'blobGets');
      return blobs.stream(key, range);
    },
    info(key) {
      costs.blob('info', 'blobOthers');
      return blobs.info(key);
    },
    copy(from, to) {
      costs.blob('copy', 'blobOthers');
      return blobs.copy(from, to);
    },
    deleteMany(keys) {
      costs.blob('delete', 'blobOthers', Math.ceil(keys.length / 1000));
      return blobs.deleteMany(keys);
    },
    list(prefix, after, limit) {
      costs.blob('list', 'blobOthers');
      return blobs.list(prefix, after, limit);
    },
    close: () => blobs.close(),
  };
}
