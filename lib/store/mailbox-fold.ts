import type { Id } from '../base/ids.ts';
import { deleteSegments, type Folding } from './compact.ts';
import { foldAnnotations } from './fold-annotations.ts';
import { foldSummaries } from './fold-summaries.ts';
import { DAY_MS, EXPUNGED_KEEP_MS, GRACE_MS, NONCE_KEEP_MS, SEGMENT_KEEP_MS } from './keep.ts';
import type { LogContext } from './log.ts';
import { Moved } from './log-reader.ts';
import type { ColdRow } from './mailbox-block.ts';
import {
  chainItems,
  chainOf,
  decodeNonces,
  encodeCold,
  encodeExpunged,
  encodeHot,
  encodeNonces,
  type HotRow,
} from './mailbox-columns.ts';
import { type ColumnPiece, encodeManifest, type Manifest, type NoncePiece, piecesOf } from './mailbox-manifest.ts';
import { coldPiece } from './mailbox-snapshot.ts';
import { type DeliveryMark, decodeCounts, type Expunged, MailboxView } from './mailbox-view.ts';
import { deletePiece, getPiece, PIECE_ITEM_BYTES, type PieceRef, putPiece } from './pieces.ts';
import type { BlobMetadata } from './ports.ts';
import { UidSet } from './uid-set.ts';

/** How finely snapshots are cut. Hot pieces are rewritten when a flag changes, cold ones only when they fill or empty. */
export interface FoldLimits {
  /** Messages per piece. */
  readonly hotRows: number;
  readonly coldRows: number;
  readonly summaryRows: number;
  /** More nonce pieces than this are merged into one. */
  readonly noncePieces: number;
}

export const FOLD_LIMITS: FoldLimits = { hotRows: 65_536, coldRows: 8192, summaryRows: 4096, noncePieces: 32 };

export interface FoldOptions {
  readonly limits?: FoldLimits | undefined;
  /** Metadata of a manifest that is an object (Rule 21). */
  readonly describe?: () => Promise<BlobMetadata>;
  /** Where the messages' summaries are; without it no further ones are taken into the snapshot. */
  readonly space?: Id | undefined;
}

/** Writes the view as pieces and a manifest; the caller then moves the head to it (Rule 7). */
export async function foldMailbox(
  context: LogContext,
  view: MailboxView,
  { limits = FOLD_LIMITS, describe = async () => ({ mailbox: view.state.id }), space }: FoldOptions = {},
): Promise<Folding<MailboxView>> {
  const before = view.state.snapshot;
  const nowMs = context.clock.now();
  const remembered = [...chainItems(view.state.expunged)].reverse();
  const isKept = ({ uids, timeMs }: Expunged): boolean =>
    timeMs > nowMs - EXPUNGED_KEEP_MS || !uids.minus(view.state.purged).isEmpty;
  const kept = remembered.filter(isKept);
  const forgotten = remembered.filter((entry) => !isKept(entry));
  const forgottenUids = UidSet.union(forgotten.map(({ uids }) => uids));
  const purged = view.state.purged.minus(forgottenUids);
  const hot = await foldHot(context, view, limits);
  const cold = await foldCold(context, view, kept, purged, limits);
  const summaries =
    space === undefined ? (before?.summaries ?? []) : await foldSummaries(context, view, space, limits.summaryRows);
  const nonces = await foldNonces(context, view, limits);
  const annotated = await foldAnnotations(context, view);
  const expunged = kept.length === 0 ? undefined : await putPiece(context, 'M', view.state.id, encodeExpunged(kept));
  const used = new Set(piecesOf({ hot, cold, summaries, nonces, expunged, ...annotated }).map(({ id }) => id));
  const replaced = (before === undefined ? [] : piecesOf(before)).filter(({ id }) => !used.has(id));
  if (view.state.snapshotRef !== undefined) replaced.push(view.state.snapshotRef);
  const manifest: Manifest = {
    mailbox: view.state.id,
    seq: view.seq,
    // Not the state itself: the manifest lives as long as views do, and would keep all its blocks.
    counts: decodeCounts(view.headExtra()),
    keywords: view.state.keywords,
    hot,
    cold,
    summaries,
    expunged,
    expungedKnownSince: forgotten.reduce((max, { seq }) => Math.max(max, seq), view.state.expungedKnownSince),
    purged,
    nonces,
    intents: [...view.state.intents.values()],
    ...annotated,
    retired: [
      ...(before?.retired ?? []).filter(({ timeMs }) => timeMs > nowMs - GRACE_MS),
      ...replaced.map(({ id, isObject }) => ({ id, isObject, timeMs: nowMs })),
    ],
    folded: [
      ...(before?.folded ?? []).filter(({ timeMs }) => timeMs > nowMs - SEGMENT_KEEP_MS - DAY_MS),
      { seq: view.seq, timeMs: nowMs },
    ],
  };
  const packed = encodeManifest(manifest);
  const metadata = packed.length > PIECE_ITEM_BYTES ? await describe() : undefined;
  const ref = await putPiece(context, 'M', view.state.id, packed, metadata);
  const keptSeqs = new Set(kept.map(({ seq }) => seq));
  return {
    ref,
    seq: view.seq,
    rebase: (later) => rebased(later, manifest, ref, keptSeqs, forgottenUids),
    tidy: () => tidy(context, view.state.id, before),
  };
}

/** A later view with the snapshot under it: forgets what the snapshot remembers. */
function rebased(
  view: MailboxView,
  manifest: Manifest,
  ref: PieceRef,
  keptSeqs: ReadonlySet<number>,
  forgotten: UidSet,
): MailboxView {
  const expunged: Expunged[] = [];
  for (const entry of chainItems(view.state.expunged)) {
    if (entry.seq > manifest.seq) expunged.push(entry);
    else if (keptSeqs.has(entry.seq)) expunged.push({ ...entry, rows: new Map() });
  }
  return new MailboxView({
    ...view.state,
    snapshot: manifest,
    snapshotRef: ref,
    expungedKnownSince: manifest.expungedKnownSince,
    purged: view.state.purged.minus(forgotten),
    expunged: chainOf(expunged.reverse()),
    annotations: {
      ...view.state.annotations,
      recent: chainOf([...chainItems(view.state.annotations.recent)].filter(({ seq }) => seq > manifest.seq).reverse()),
    },
    deliveries: chainOf([...chainItems(view.state.deliveries)].filter(({ seq }) => seq > manifest.seq).reverse()),
  });
}

/**
 * Deletes what this snapshot's predecessor had retired a grace ago, and the log's segments that were folded a week ago
 * with the bodies of their records (Rules 3, 7, 9).
 */
async function tidy(context: LogContext, id: Id, before: Manifest | undefined): Promise<void> {
  if (before === undefined) return;
  const nowMs = context.clock.now();
  for (const piece of before.retired) {
    if (piece.timeMs <= nowMs - GRACE_MS) await deletePiece(context, 'M', id, piece);
  }
  const old = before.folded.filter(({ timeMs }) => timeMs <= nowMs - SEGMENT_KEEP_MS);
  await deleteSegments(
    context,
    'M',
    id,
    old.reduce((max, { seq }) => Math.max(max, seq), 0),
  );
}

/** Hot pieces: those without a change since the last snapshot stay as they are. */
async function foldHot(context: LogContext, view: MailboxView, { hotRows }: FoldLimits): Promise<ColumnPiece[]> {
  const before = view.state.snapshot;
  const since = before?.seq ?? 0;
  const gone: UidSet[] = [];
  for (const { seq, uids } of chainItems(view.state.expunged)) if (seq > since) gone.push(uids);
  const pieces: ColumnPiece[] = [];
  let rows: HotRow[] = [];
  const flush = async (): Promise<void> => {
    if (rows.length === 0) return;
    const ref = await putPiece(context, 'M', view.state.id, encodeHot(rows));
    pieces.push({ ...ref, fromUid: rows[0]?.uid ?? 0, toUid: rows.at(-1)?.uid ?? 0, rows: rows.length });
    rows = [];
  };
  const take = async (from: number, to: number): Promise<void> => {
    const batch: HotRow[] = [];
    view.forEach(UidSet.fromRanges([[from, to]]), (uid, flagIndex, seq) => {
      batch.push({ uid, bits: view.state.flagSets.bitsAt(flagIndex), seq });
    });
    for (const row of batch) {
      rows.push(row);
      if (rows.length === hotRows) await flush();
    }
  };
  let next = 1;
  for (const piece of before?.hot ?? []) {
    let dirty = gone.some((uids) => uids.intersects(piece.fromUid, piece.toUid));
    dirty ||= view.isChanged(piece.fromUid, piece.toUid, since);
    const full = piece.rows >= hotRows / 2;
    if (dirty || !full) await take(piece.fromUid, piece.toUid);
    else {
      await flush();
      pieces.push(piece);
    }
    next = piece.toUid + 1;
  }
  await take(next, 2 ** 32 - 1);
  await flush();
  return pieces;
}

/** Cold pieces: the last one fills up, empty ones go, mostly dead ones are written again. */
async function foldCold(
  context: LogContext,
  view: MailboxView,
  remembered: readonly Expunged[],
  purged: UidSet,
  { coldRows }: FoldLimits,
): Promise<ColumnPiece[]> {
  const graves = UidSet.union(remembered.map(({ uids }) => uids)).minus(purged);
  const alive = (from: number, to: number): UidSet =>
    view.present(UidSet.fromRanges([[from, to]])).union(graves.within(from, to));
  const pieces: ColumnPiece[] = [];
  let rows: [number, ColdRow][] = [];
  const flush = async (): Promise<void> => {
    if (rows.length === 0) return;
    const ref = await putPiece(context, 'M', view.state.id, encodeCold(rows));
    pieces.push({ ...ref, fromUid: rows[0]?.[0] ?? 0, toUid: rows.at(-1)?.[0] ?? 0, rows: rows.length });
    rows = [];
  };
  const add = async (row: [number, ColdRow]): Promise<void> => {
    rows.push(row);
    if (rows.length >= coldRows) await flush();
  };
  const before = view.state.snapshot?.cold ?? [];
  let next = 1;
  for (const piece of before) {
    next = piece.toUid + 1;
    const { fromUid, toUid } = piece;
    const left = view.countBelow(toUid + 1) - view.countBelow(fromUid) + graves.within(fromUid, toUid).size;
    if (left === 0) continue;
    const small = piece.rows < coldRows / 2 || left < piece.rows / 4;
    if (!small) {
      await flush();
      pieces.push(piece);
      continue;
    }
    const known = await coldPiece(context, view.state.id, piece);
    for (const uid of alive(fromUid, toUid)) {
      const row = known.get(uid);
      if (row === undefined) throw new Moved(`data of UID ${uid}`);
      await add([uid, row]);
    }
  }
  const buried = new Map<number, ColdRow>();
  for (const { rows: dead } of remembered) for (const [uid, row] of dead) buried.set(uid, row);
  for (const uid of alive(next, 2 ** 32 - 1)) {
    const row = view.coldOf(uid) ?? buried.get(uid);
    if (row === undefined) throw new Moved(`data of UID ${uid}`);
    await add([uid, row]);
  }
  await flush();
  return pieces;
}

/** The nonces of deliveries since the last snapshot in a piece of their own; old pieces go, many are merged. */
async function foldNonces(context: LogContext, view: MailboxView, { noncePieces }: FoldLimits): Promise<NoncePiece[]> {
  const oldestMs = context.clock.now() - NONCE_KEEP_MS;
  let kept = (view.state.snapshot?.nonces ?? []).filter(({ newestMs }) => newestMs > oldestMs);
  let marks = [...chainItems(view.state.deliveries)].reverse();
  if (marks.length === 0) return kept;
  if (kept.length >= noncePieces) {
    const older: DeliveryMark[] = [];
    for (const piece of kept) {
      const packed = await getPiece(context, 'M', view.state.id, piece);
      if (packed === undefined) throw new Moved(`piece ${piece.id}`);
      older.push(...decodeNonces(packed).filter(({ timeMs }) => timeMs > oldestMs));
    }
    marks = [...older, ...marks];
    kept = [];
  }
  const ref = await putPiece(context, 'M', view.state.id, encodeNonces(marks));
  const newestMs = marks.reduce((max, { timeMs }) => Math.max(max, timeMs), 0);
  return [...kept, { ...ref, newestMs, toSeq: marks.at(-1)?.seq ?? 0 }];
}
