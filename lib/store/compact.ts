import type { Id } from '../base/ids.ts';
import type { Head } from './head.ts';
import { type LogLetter, largeBodySk, logPk, pieceBlobKey, SEGMENT_PREFIX, segmentSeq } from './keys.ts';
import type { Log, LogContext } from './log.ts';
import { type LogView, Moved } from './log-reader.ts';
import type { PieceRef } from './pieces.ts';
import { decodeRecords, hasLargeBody } from './record.ts';

/** A snapshot that was written and is not yet anybody's. */
export interface Folding<V> {
  readonly ref: PieceRef;
  readonly seq: number;
  /** A view at or after `seq`, resting on the snapshot. */
  readonly rebase: (later: V) => V;
  /** Deletes what may go now that the head names the snapshot. */
  readonly tidy: () => Promise<void>;
}

/** A log further behind its snapshot than this is compacted (Rule 7). */
export const COMPACT_RECORDS = 512;
export const COMPACT_BYTES = 65_536;

export function isDue(head: { readonly seq: number; readonly snapSeq: number; readonly behindBytes: number }): boolean {
  return head.seq - head.snapSeq > COMPACT_RECORDS || head.behindBytes > COMPACT_BYTES;
}

/** A view that knows on which snapshot it rests. */
export interface Foldable {
  /** Undefined: on none. */
  readonly snapshotId: Id | undefined;
}

const TRIES = 4;

/**
 * Folds the log into a snapshot and moves the head to it. Any number may run: who finds the head on another snapshot than
 * the one folded has lost and deletes nothing, because a lost answer can hide that it won (Rule 7). So snapshots form a
 * chain: each retires only pieces of its predecessor, and names none that an earlier one retired.
 */
export async function compact<V extends LogView<V> & Foldable>(
  log: Log<V>,
  fold: (view: V) => Promise<Folding<V>>,
): Promise<'moved' | 'lost' | 'nothing'> {
  let base = await log.read();
  for (let attempt = 1; ; attempt++) {
    if (base.head.snapSeq >= base.view.seq) return 'nothing';
    // A view that has lived long rests on an old snapshot, whose pieces may be retired by now.
    if (base.view.snapshotId !== base.head.snapId) base = await log.reload();
    const { head: before, view } = base;
    const begunMs = log.clock.now();
    let folding: Folding<V>;
    try {
      folding = await fold(view);
    } catch (error) {
      // Another compactor's tidying may take away what an old snapshot names.
      if (!(error instanceof Moved) || attempt === TRIES) throw error;
      base = await log.reload();
      continue;
    }
    const edit = (now: Head): Partial<Head> | undefined =>
      now.snapId !== before.snapId
        ? undefined
        : {
            snapId: folding.ref.id,
            snapIsObject: folding.ref.isObject,
            snapSeq: folding.seq,
            behindBytes: Math.max(0, now.behindBytes - before.behindBytes),
          };
    const head = await log.editHead(edit, begunMs);
    if (head.snapId !== folding.ref.id) return 'lost';
    log.rebase(folding.rebase, folding.seq, folding.ref.id);
    await folding.tidy();
    return 'moved';
  }
}

/** Deletes the segments that end at or before the seq, and the bodies that only their records reach. */
export async function deleteSegments(context: LogContext, letter: LogLetter, id: Id, upToSeq: number): Promise<void> {
  if (upToSeq === 0) return;
  const pk = logPk(letter, id);
  let after: Buffer | undefined;
  do {
    const page = await context.index.query({ pk, prefix: SEGMENT_PREFIX, ...(after && { after }), limit: 100 });
    for (const { sk, item } of page.rows) {
      if (segmentSeq(sk) > upToSeq) return;
      const records = item.t instanceof Uint8Array ? decodeRecords(item.t) : [];
      for (const { body } of records.filter(hasLargeBody)) {
        if (body.object === undefined) await context.index.delete({ pk, sk: largeBodySk(body.hash16) });
        else await context.blobs.deleteMany([pieceBlobKey(id, body.object)]);
      }
      await context.index.delete({ pk, sk });
    }
    after = page.next;
  } while (after !== undefined);
}
