import type { Id } from '../base/ids.ts';
import { FlagSets } from './flag-sets.ts';
import type { Head } from './head.ts';
import type { LogContext } from './log.ts';
import { type LogType, Moved } from './log-reader.ts';
import { decodeAnnotationSizes, NO_ANNOTATIONS } from './mailbox-annotations.ts';
import { type Block, type ColdRow, coldColumns, firstUid, GONE, lastUid } from './mailbox-block.ts';
import { chainItems, chainOf, decodeCold, decodeExpunged, decodeHot, decodeNonces } from './mailbox-columns.ts';
import { type ColumnPiece, decodeManifest } from './mailbox-manifest.ts';
import { type DeliveryMark, MailboxView } from './mailbox-view.ts';
import { getPiece, type PieceRef } from './pieces.ts';
import { UidSet } from './uid-set.ts';

export function emptyMailbox(id: Id): MailboxView {
  return new MailboxView({
    id,
    seq: 0,
    uidNext: 1,
    exists: 0,
    unseen: 0,
    deleted: 0,
    bytes: 0,
    lastAppendMs: 0,
    annotationBytes: 0,
    annotations: NO_ANNOTATIONS,
    blocks: [],
    flagSets: new FlagSets(),
    keywords: [],
    expunged: undefined,
    expungedKnownSince: 0,
    purged: UidSet.empty,
    deliveries: undefined,
    intents: new Map(),
    snapshot: undefined,
    snapshotRef: undefined,
  });
}

export function mailboxType(context: LogContext): LogType<MailboxView> {
  return { letter: 'M', empty: emptyMailbox, load: (id, head) => loadMailbox(context, id, head) };
}

async function loadMailbox(context: LogContext, id: Id, head: Head): Promise<MailboxView | undefined> {
  if (head.snapId === undefined) return emptyMailbox(id);
  const ref: PieceRef = { id: head.snapId, isObject: head.snapIsObject };
  const packed = await getPiece(context, 'M', id, ref);
  if (packed === undefined) return undefined;
  const manifest = decodeManifest(packed);
  const [expunged, sizes, ...hot] = await Promise.all([
    manifest.expunged === undefined ? undefined : getPiece(context, 'M', id, manifest.expunged),
    manifest.annotationSizes === undefined ? undefined : getPiece(context, 'M', id, manifest.annotationSizes),
    ...manifest.hot.map((piece) => getPiece(context, 'M', id, piece)),
  ]);
  if (manifest.expunged !== undefined && expunged === undefined) return undefined;
  if (manifest.annotationSizes !== undefined && sizes === undefined) return undefined;
  const flagSets = new FlagSets();
  const blocks: Block[] = [];
  for (const piece of hot) {
    if (piece === undefined) return undefined;
    for (const block of decodeHot(piece, flagSets)) blocks.push(block);
  }
  return new MailboxView({
    id,
    seq: manifest.seq,
    ...manifest.counts,
    blocks,
    flagSets,
    keywords: manifest.keywords,
    expunged: chainOf(expunged === undefined ? [] : decodeExpunged(expunged)),
    expungedKnownSince: manifest.expungedKnownSince,
    purged: manifest.purged,
    deliveries: undefined,
    intents: new Map(manifest.intents.map((intent) => [intent.intent.toString('hex'), intent])),
    annotations: sizes === undefined ? NO_ANNOTATIONS : { sizes: decodeAnnotationSizes(sizes), recent: undefined },
    snapshot: manifest,
    snapshotRef: ref,
  });
}

/**
 * Fills the cold columns of the blocks that hold any of the messages (all, when no set is given). Throws {@link Moved}
 * when the view's snapshot was tidied away. `newest` says which messages must have data: those that still exist.
 */
export async function loadCold(
  context: LogContext,
  view: MailboxView,
  set?: UidSet,
  newest: MailboxView = view,
): Promise<void> {
  const empty = view.state.blocks.filter((block) => block.cold.columns === undefined);
  const asked = empty.filter((block) => set === undefined || set.intersects(firstUid(block), lastUid(block)));
  if (asked.length === 0) return;
  let rows = new Map<number, ColdRow>();
  let loaded: ColumnPiece | undefined;
  const pieces = view.state.snapshot?.cold ?? [];
  // A piece has the rows of several blocks: all that it can fill are filled, so that it is fetched once.
  const needed = pieces.filter(({ fromUid, toUid }) =>
    asked.some((block) => lastUid(block) >= fromUid && firstUid(block) <= toUid),
  );
  const isWithin = (block: Block): boolean =>
    needed.some(({ fromUid, toUid }) => firstUid(block) >= fromUid && lastUid(block) <= toUid);
  const wanted = new Set(asked);
  for (const block of empty.filter((one) => wanted.has(one) || isWithin(one))) {
    const found: ColdRow[] = [];
    for (const uid of block.uids) {
      if (loaded === undefined || uid > loaded.toUid) {
        loaded = pieces.find((piece) => piece.toUid >= uid);
        rows = loaded === undefined ? new Map() : await coldPiece(context, view.state.id, loaded);
      }
      const row = rows.get(uid);
      if (row === undefined && newest.has(uid)) throw new Moved(`data of UID ${uid}`);
      found.push(row ?? GONE);
    }
    block.cold.columns = coldColumns(found);
  }
}

/** The rows of a cold piece by UID. */
export async function coldPiece(context: LogContext, mailbox: Id, piece: PieceRef): Promise<Map<number, ColdRow>> {
  const packed = await getPiece(context, 'M', mailbox, piece);
  if (packed === undefined) throw new Moved(`piece ${piece.id}`);
  return decodeCold(packed);
}

/** An expunged message that can be brought back. */
export interface KeptExpunged {
  readonly uid: number;
  /** When it was expunged. */
  readonly timeMs: number;
  readonly row: ColdRow;
}

/** Expunged messages whose blobs are still kept (Rule 9), with when; rows that only a snapshot holds are fetched. */
export async function keptExpunged(context: LogContext, view: MailboxView): Promise<KeptExpunged[]> {
  const kept: KeptExpunged[] = [];
  let missing: { readonly uid: number; readonly timeMs: number }[] = [];
  for (const { uids, rows, timeMs } of chainItems(view.state.expunged)) {
    for (const uid of uids.minus(view.state.purged)) {
      const row = rows.get(uid);
      if (row === undefined) missing.push({ uid, timeMs });
      else kept.push({ uid, timeMs, row });
    }
  }
  missing.sort((a, b) => a.uid - b.uid);
  for (const piece of view.state.snapshot?.cold ?? []) {
    const end = missing.findIndex(({ uid }) => uid > piece.toUid);
    const here = end < 0 ? missing : missing.slice(0, end);
    if (here.length === 0) continue;
    const rows = await coldPiece(context, view.state.id, piece);
    for (const { uid, timeMs } of here) {
      const row = rows.get(uid);
      if (row === undefined) throw new Moved(`data of expunged UID ${uid}`);
      kept.push({ uid, timeMs, row });
    }
    missing = missing.slice(here.length);
  }
  if (missing.length > 0) throw new Moved(`data of ${missing.length} expunged messages`);
  return kept;
}

/** Deliveries' nonces after a seq that the view's snapshot and records tell of (Rule 13). */
export async function deliveriesAfter(context: LogContext, view: MailboxView, seq: number): Promise<DeliveryMark[]> {
  const marks = [...chainItems(view.state.deliveries)];
  for (const piece of view.state.snapshot?.nonces ?? []) {
    if (piece.toSeq <= seq) continue;
    const packed = await getPiece(context, 'M', view.state.id, piece);
    if (packed === undefined) throw new Moved(`piece ${piece.id}`);
    marks.push(...decodeNonces(packed));
  }
  return marks.filter((mark) => mark.seq > seq);
}
