import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlagSets, flagBits } from '../../lib/store/flag-sets.ts';
import {
  decodeCold,
  decodeExpunged,
  decodeHot,
  decodeNonces,
  encodeCold,
  encodeExpunged,
  encodeHot,
  encodeNonces,
} from '../../lib/store/mailbox-columns.ts';
import { decodeManifest, encodeManifest, type Manifest } from '../../lib/store/mailbox-manifest.ts';
import { decodeTree, encodeTree } from '../../lib/store/tree-snapshot.ts';
import { TreeView } from '../../lib/store/tree-view.ts';
import {
  anyCounts,
  anyFlags,
  anyId,
  anyName,
  anySeq,
  anyTimeMs,
  anyUids,
  bytes,
  roundTrips,
} from './arbitrary-records.ts';

const ascendingUids = fc
  .uniqueArray(fc.integer({ min: 1, max: 2 ** 32 - 2 }), { maxLength: 50 })
  .map((uids) => uids.sort((a, b) => a - b));
const ref = fc.record({ id: anyId, isObject: fc.boolean() });
const retired = fc.record({ id: anyId, isObject: fc.boolean(), timeMs: anyTimeMs });
const folded = fc.record({ seq: anySeq, timeMs: anyTimeMs });

describe('columns of a mailbox', () => {
  it('uid, flags, seq', () => {
    const rows = ascendingUids.chain((uids) =>
      fc.tuple(...uids.map((uid) => fc.tuple(fc.constant(uid), anyFlags.map(flagBits), anySeq))),
    );
    fc.assert(
      fc.property(rows, (list) => {
        const flagSets = new FlagSets();
        const blocks = decodeHot(encodeHot(list.map(([uid, bits, seq]) => ({ uid, bits, seq }))), flagSets);
        const read = blocks.flatMap(({ uids, flags, seqs }) =>
          [...uids].map((uid, row) => [uid, flagSets.bitsAt(flags[row] ?? -1), seqs[row]]),
        );
        expect(read).toEqual(list);
      }),
    );
  });

  it('at most 6 bytes a message for what SELECT reads', () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => {
      const uid = 1 + i + Math.floor(i / 7);
      return { uid, bits: BigInt([1, 1, 1, 0, 3, 5][i % 6] ?? 0), seq: 1 + i + ((i * 7919) % 1000) };
    });
    expect(encodeHot(rows).length / rows.length).toBeLessThan(6);
  });

  it('blob, size, dates', () => {
    const row = fc.record({
      blob: anyId,
      sizeBytes: fc.nat({ max: 2 ** 40 }),
      internalDate: fc.integer({ min: -(2 ** 31), max: 2 ** 35 }),
      savedDate: fc.integer({ min: 0, max: 2 ** 35 }),
    });
    const rows = ascendingUids.chain((uids) => fc.tuple(...uids.map((uid) => fc.tuple(fc.constant(uid), row))));
    roundTrips(rows, (list) => [...decodeCold(encodeCold(list))]);
  });

  it('expunged messages and delivery marks', () => {
    const expunged = fc
      .array(fc.record({ seq: anySeq, timeMs: anyTimeMs, uids: anyUids, rows: fc.constant(new Map()) }))
      .map((list) => list.sort((a, b) => a.seq - b.seq));
    roundTrips(expunged, (list) => decodeExpunged(encodeExpunged(list)));
    const marks = fc.array(fc.record({ seq: anySeq, timeMs: anyTimeMs, nonce: bytes(8) }));
    roundTrips(marks, (list) => decodeNonces(encodeNonces(list)));
  });
});

describe('manifests', () => {
  it('come back as they were written', () => {
    const column = fc
      .record({ id: anyId, isObject: fc.boolean(), fromUid: fc.nat(), length: fc.nat(), rows: fc.nat() })
      .map(({ length, ...piece }) => ({ ...piece, toUid: piece.fromUid + length }));
    const intent = fc.record({
      intent: bytes(8),
      destination: anyId,
      destinationSeq: anySeq,
      uids: anyUids,
      seq: anySeq,
      timeMs: anyTimeMs,
    });
    const annotated = fc.option(fc.record({ annotationSizes: ref, annotations: fc.array(column, { maxLength: 3 }) }), {
      nil: { annotationSizes: undefined, annotations: [] },
    });
    const plain = fc.record({
      mailbox: anyId,
      seq: anySeq,
      counts: anyCounts,
      keywords: fc.array(anyName, { maxLength: 5 }),
      hot: fc.array(column, { maxLength: 4 }),
      cold: fc.array(column, { maxLength: 4 }),
      summaries: fc.array(column, { maxLength: 4 }),
      expunged: fc.option(ref, { nil: undefined }),
      expungedKnownSince: anySeq,
      purged: anyUids,
      nonces: fc.array(fc.record({ id: anyId, isObject: fc.boolean(), newestMs: anyTimeMs, toSeq: anySeq })),
      intents: fc.array(intent, { maxLength: 3 }),
      retired: fc.array(retired, { maxLength: 4 }),
      folded: fc.array(folded, { maxLength: 4 }),
    });
    const manifest: fc.Arbitrary<Manifest> = fc.tuple(plain, annotated).map(([one, more]) => ({ ...one, ...more }));
    roundTrips(manifest, (value) => decodeManifest(encodeManifest(value)));
  });
});

describe('tree snapshots', () => {
  it('come back as they were written', () => {
    const acl = fc.array(fc.tuple(anyName, anyName), { maxLength: 3 }).map((rows) => new Map(rows));
    const limit = fc.option(fc.nat(), { nil: undefined });
    const mapOf = <K, V>(key: fc.Arbitrary<K>, value: fc.Arbitrary<V>): fc.Arbitrary<Map<K, V>> =>
      fc.array(fc.tuple(key, value), { maxLength: 6 }).map((rows) => new Map(rows));
    const state = fc.record({
      id: anyId,
      seq: anySeq,
      bindings: mapOf(
        anyName,
        fc.record({ mailbox: anyId, uidValidity: fc.nat(), specialUse: fc.array(anyName, { maxLength: 2 }), acl }),
      ),
      subscriptions: fc.array(anyName).map((names) => new Set(names)),
      lastUidValidity: fc.nat(),
      pastUidValidity: mapOf(anyName, fc.nat()),
      quotaRoots: mapOf(anyName, fc.record({ id: anyId, storageKib: limit, messages: limit })),
      annotations: mapOf(anyName, anyName),
      deleted: mapOf(anyId, fc.record({ name: anyName, timeMs: anyTimeMs })),
      snapshotRef: ref,
      retired: fc.array(retired, { maxLength: 3 }),
      folded: fc.array(folded, { maxLength: 3 }),
      scripts: fc.constant(new Map()),
      activeScript: fc.constant(undefined),
    });
    const scripts = mapOf(anyName, fc.record({ piece: ref, sizeBytes: fc.nat() })).filter(({ size }) => size > 0);
    const activeScript = fc.option(
      anyName.filter((name) => name !== ''),
      { nil: undefined },
    );
    const withScripts = fc.record({ scripts, activeScript });
    const either = fc.tuple(state, fc.option(withScripts)).map(([value, more]) => ({ ...value, ...more }));
    fc.assert(
      fc.property(either, (value) => {
        expect(decodeTree(value.id, encodeTree(new TreeView(value)), value.snapshotRef).state).toEqual(value);
      }),
    );
  });
});
