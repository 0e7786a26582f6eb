/** The index as an engine that breaks a rule would use it: what makes sure that the model would notice. */
import { decodeHead, encodeHead } from '../../lib/store/head.ts';
import { SEGMENT_PREFIX, segmentSk } from '../../lib/store/keys.ts';
import type { Index, Item, Row } from '../../lib/store/ports.ts';
import { decodeRecords, encodeRecord, type StoredRecord } from '../../lib/store/record.ts';

const isSegment = (sk: Buffer): boolean => sk.subarray(0, SEGMENT_PREFIX.length).equals(SEGMENT_PREFIX);
const isHead = (item: Item | undefined): item is Item => item?.h !== undefined && item.t !== undefined;

/** The same index, its calls to be replaced one by one. */
export function passing(index: Index): Index {
  return {
    get: (...args) => index.get(...args),
    batchGet: (...args) => index.batchGet(...args),
    put: (...args) => index.put(...args),
    delete: (...args) => index.delete(...args),
    add: (...args) => index.add(...args),
    query: (...args) => index.query(...args),
    scan: (...args) => index.scan(...args),
    close: () => index.close(),
  };
}

/** Heads are replaced when their seq is the expected one, whatever else was written to them since. */
export function casOnSeq(index: Index): Index {
  const seqs = new Map<number, number>();
  const noted = (item: Item | undefined): Item | undefined => {
    if (isHead(item) && typeof item.r === 'number') seqs.set(item.r, decodeHead(item).seq);
    return item;
  };
  return {
    ...passing(index),
    get: async (...args) => noted(await index.get(...args)),
    async put(key, item, condition) {
      if (typeof condition !== 'object' || !isHead(item)) return index.put(key, item, condition);
      const current = await index.get(key);
      const sameSeq = isHead(current) && decodeHead(current).seq === seqs.get(condition.rev);
      const rev = sameSeq ? Number(current.r) : condition.rev;
      const result = await index.put(key, { ...item, r: rev + 1 }, { rev });
      if (!result.ok) noted(result.current);
      else noted({ ...item, r: rev + 1 });
      return result;
    },
  };
}

/** Segments lie under the seq of their first record; readers find them all the same. */
export function segmentsByFirstSeq(index: Index): Index {
  const recordsOf = ({ item }: Row): StoredRecord[] => decodeRecords(item.t as Uint8Array);
  return {
    ...passing(index),
    put(key, item, condition) {
      if (!isSegment(key.sk)) return index.put(key, item, condition);
      const [first] = decodeRecords(item.t as Uint8Array);
      return index.put({ pk: key.pk, sk: segmentSk(first?.seq ?? 0) }, item, condition);
    },
    async query(range) {
      if (range.prefix === undefined || !range.prefix.equals(SEGMENT_PREFIX)) return index.query(range);
      const { rows } = await index.query({ pk: range.pk, prefix: SEGMENT_PREFIX });
      const byLast = rows.map((row) => ({ sk: segmentSk(recordsOf(row).at(-1)?.seq ?? 0), item: row.item }));
      const { after } = range;
      const wanted = byLast.filter(({ sk }) => after === undefined || Buffer.compare(sk, after) > 0);
      return { rows: wanted.sort((a, b) => Buffer.compare(a.sk, b.sk)) };
    },
  };
}

/** Nobody finds its own record again: a failed condition can only look like a conflict. */
export function unreadableNonces(index: Index): Index {
  const scrambled = (packed: number | Uint8Array | undefined): Buffer => {
    const records = decodeRecords(packed instanceof Uint8Array ? packed : Buffer.alloc(0));
    return Buffer.concat(records.map((record) => encodeRecord({ ...record, nonce: Buffer.alloc(8) })));
  };
  const changed = (item: Item | undefined): Item | undefined => {
    if (!isHead(item)) return item;
    const tail = scrambled(item.t);
    return { ...encodeHead(decodeHead(item), tail), t: tail };
  };
  return {
    ...passing(index),
    get: async (...args) => changed(await index.get(...args)),
    async put(key, item, condition) {
      const result = await index.put(key, item, condition);
      return result.ok ? result : { ok: false, current: changed(result.current) };
    },
    async query(range) {
      const page = await index.query(range);
      if (!range.prefix?.equals(SEGMENT_PREFIX)) return page;
      return { ...page, rows: page.rows.map(({ sk, item }) => ({ sk, item: { ...item, t: scrambled(item.t) } })) };
    },
  };
}
