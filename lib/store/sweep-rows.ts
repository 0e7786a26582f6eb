import type { Id } from '../base/ids.ts';
import type { Head } from './head.ts';
import type { LogContext } from './log.ts';
import { catchUp, Moved, withHead } from './log-reader.ts';
import { type ColdRow, coldRowAt, lastUid } from './mailbox-block.ts';
import { chainItems } from './mailbox-columns.ts';
import { coldPiece, mailboxType } from './mailbox-snapshot.ts';
import type { Expunged, MailboxView } from './mailbox-view.ts';
import type { UidSet } from './uid-set.ts';

/** One message that a mailbox names. */
export interface MessageRow extends ColdRow {
  readonly uid: number;
  /** Undefined: it exists. Else when it was expunged; its blob is kept (Rule 9). */
  readonly expungedMs: number | undefined;
}

export interface RowsOptions {
  /** Only messages from this UID on. */
  readonly fromUid?: number;
  /** Only expunged ones. */
  readonly expungedOnly?: boolean;
}

/**
 * Runs `read` with a mailbox as its newest head and its snapshot tell it, not as this process remembers it; again when it
 * moves meanwhile. Undefined when there is no head. `CorruptionError` when something it names is missing (Rule 11).
 */
export function withMailbox<T>(
  context: LogContext,
  id: Id,
  read: (head: Head, view: MailboxView) => Promise<T>,
): Promise<T | undefined> {
  return withHead(context, 'M', id, async (head) => {
    const { view } = await catchUp(context, mailboxType(context), id, head, undefined);
    return read(head, view);
  });
}

/**
 * The messages that exist and those expunged whose blobs are kept, in groups: one piece of the snapshot at a time, so that
 * memory is bounded by a piece whatever the size of the mailbox. Throws {@link Moved} when one is missing.
 */
export async function* rowsOf(
  context: LogContext,
  view: MailboxView,
  { fromUid = 1, expungedOnly = false }: RowsOptions = {},
): AsyncGenerator<readonly MessageRow[], void, undefined> {
  const { snapshot, id } = view.state;
  const graves = keptGraves(view);
  // The snapshot's pieces hold every row below this UID, the records after it the rest.
  const covered = snapshot?.counts.uidNext ?? 1;
  let found = 0;
  for (const piece of snapshot?.cold ?? []) {
    if (piece.toUid < fromUid) continue;
    const [from, to] = [Math.max(fromUid, piece.fromUid), Math.min(piece.toUid, covered - 1)];
    const times = expungedTimes(graves, from, to);
    if (expungedOnly && times.size === 0) continue;
    const cold = await coldPiece(context, id, piece);
    const rows: MessageRow[] = [];
    for (const [uid, row] of cold) {
      if (uid < from || uid > to) continue;
      const expungedMs = times.get(uid);
      if (expungedMs !== undefined || (!expungedOnly && view.has(uid))) rows.push({ ...row, uid, expungedMs });
    }
    found += rows.length;
    yield rows;
  }
  for (const rows of newRows(view, graves, Math.max(fromUid, covered), expungedOnly)) {
    found += rows.length;
    yield rows;
  }
  const live = expungedOnly ? 0 : view.exists - view.countBelow(fromUid);
  const wanted = live + expungedTimes(graves, fromUid, 2 ** 32 - 1).size;
  if (found !== wanted) throw new Moved(`data of ${wanted - found} messages`);
}

/** Rows that no snapshot holds yet, a block at a time; then the expunged ones. */
function* newRows(
  view: MailboxView,
  graves: readonly Grave[],
  fromUid: number,
  expungedOnly: boolean,
): Generator<readonly MessageRow[]> {
  for (const block of expungedOnly ? [] : view.state.blocks) {
    const { columns } = block.cold;
    if (columns === undefined || lastUid(block) < fromUid) continue;
    const rows: MessageRow[] = [];
    for (const [i, uid] of block.uids.entries()) {
      const row = uid < fromUid ? undefined : coldRowAt(columns, i);
      if (row !== undefined) rows.push({ ...row, uid, expungedMs: undefined });
    }
    yield rows;
  }
  const buried: MessageRow[] = [];
  for (const { entry, uids } of graves) {
    if (!uids.intersects(fromUid, 2 ** 32 - 1)) continue;
    for (const uid of uids) {
      const row = uid < fromUid ? undefined : entry.rows.get(uid);
      if (row !== undefined) buried.push({ ...row, uid, expungedMs: entry.timeMs });
    }
  }
  yield buried;
}

interface Grave {
  readonly entry: Expunged;
  /** Not purged. */
  readonly uids: UidSet;
}

/** Expunges whose messages can still be brought back, with those messages. */
export function keptGraves({ state }: MailboxView): readonly Grave[] {
  const graves: Grave[] = [];
  for (const entry of chainItems(state.expunged)) {
    const { first, last } = entry.uids;
    if (first === undefined || last === undefined) continue;
    const uids = state.purged.intersects(first, last) ? entry.uids.minus(state.purged) : entry.uids;
    if (!uids.isEmpty) graves.push({ entry, uids });
  }
  return graves;
}

function expungedTimes(graves: readonly Grave[], from: number, to: number): ReadonlyMap<number, number> {
  const times = new Map<number, number>();
  for (const { entry, uids } of graves) {
    if (!uids.intersects(from, to)) continue;
    for (const [first, last] of uids.ranges()) {
      for (let uid = Math.max(first, from); uid <= Math.min(last, to); uid++) times.set(uid, entry.timeMs);
    }
  }
  return times;
}
