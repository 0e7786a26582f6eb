/** Random values of everything the store packs. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Id } from '../../lib/base/ids.ts';
import type { Flags } from '../../lib/store/flag-sets.ts';
import type { Head } from '../../lib/store/head.ts';
import { encodeCounts } from '../../lib/store/mailbox-view.ts';
import type { StoredRecord } from '../../lib/store/record.ts';
import { UidSet } from '../../lib/store/uid-set.ts';

export const bytes = (length: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array));

export const anyId: fc.Arbitrary<Id> = bytes(16).map((id) => id.toString('hex') as Id);
export const anySeq = fc.integer({ min: 1, max: 2 ** 37 });
export const anyTimeMs = fc.integer({ min: 0, max: 2 ** 43 });
export const anyName = fc.string({ unit: 'grapheme', maxLength: 20 });
export const anyUids = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 2000 })), { maxLength: 8 })
  .map((ranges) => UidSet.fromRanges(ranges));

export const anyFlags: fc.Arbitrary<Flags> = fc.record({
  system: fc.integer({ min: 0, max: 31 }),
  keywords: fc
    .uniqueArray(fc.integer({ min: 0, max: 127 }), { maxLength: 6 })
    .map((list) => list.sort((a, b) => a - b)),
});

export const anyCounts = fc.record({
  uidNext: fc.integer({ min: 1, max: 2 ** 32 }),
  exists: fc.nat({ max: 2_000_000 }),
  unseen: fc.nat({ max: 2_000_000 }),
  deleted: fc.nat({ max: 2_000_000 }),
  bytes: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  lastAppendMs: anyTimeMs,
  annotationBytes: fc.nat({ max: 2 ** 40 }),
});

const largeBody = fc.record({
  hash16: bytes(16),
  sizeBytes: fc.nat({ max: 2 ** 40 }),
  object: fc.option(anyId, { nil: undefined }),
});

export const anyRecord: fc.Arbitrary<StoredRecord> = fc.record({
  kind: fc.integer({ min: 1, max: 63 }),
  seq: anySeq,
  timeMs: anyTimeMs,
  nonce: bytes(8),
  body: fc.oneof(
    fc.uint8Array({ maxLength: 100 }).map((body) => Buffer.from(body)),
    largeBody,
  ),
});

export const anyHead: fc.Arbitrary<Head> = fc
  .record({
    rev: anySeq,
    state: fc.constantFrom('open' as const, 'closed' as const, 'moving' as const),
    space: anyId,
    owner: anyId,
    seq: anySeq,
    flushedSeq: anySeq,
    behindBytes: fc.nat({ max: 2 ** 40 }),
    snapSeq: anySeq,
    snapId: fc.option(anyId, { nil: undefined }),
    snapIsObject: fc.boolean(),
    extra: anyCounts.map(encodeCounts),
    tail: fc.array(anyRecord, { maxLength: 5 }),
    watchers: fc.array(
      fc.record({ address: fc.string({ maxLength: 60 }), expiresAtMs: fc.nat({ max: 2 ** 33 }).map((s) => s * 1000) }),
      { maxLength: 4 },
    ),
  })
  .map((head) => (head.snapId === undefined ? { ...head, snapIsObject: false } : head))
  .chain((head) => (head.state === 'moving' ? anyId : fc.constant(undefined)).map((movesTo) => ({ ...head, movesTo })));

/** What was written and read back equals what was written, for every value. */
export function roundTrips<T>(values: fc.Arbitrary<T>, writeAndRead: (value: T) => unknown): void {
  fc.assert(
    fc.property(values, (value) => {
      expect(writeAndRead(value)).toEqual(value);
    }),
  );
}
