import type { LogContext } from './log.ts';
import { annotationValues, encodeAnnotationSizes, encodeAnnotations } from './mailbox-annotations.ts';
import { chainItems } from './mailbox-columns.ts';
import type { ColumnPiece, Manifest } from './mailbox-manifest.ts';
import type { MailboxView } from './mailbox-view.ts';
import { putPiece } from './pieces.ts';
import { UidSet } from './uid-set.ts';

/** A piece of annotations is closed when its values are this long together. */
const PIECE_BYTES = 256 * 1024;

/** The annotations of a view as pieces of a snapshot (RFC 5257, Rule 7): those that nothing has touched stay as they are. */
export async function foldAnnotations(
  context: LogContext,
  view: MailboxView,
): Promise<Pick<Manifest, 'annotationSizes' | 'annotations'>> {
  const before = view.state.snapshot;
  const { sizes, recent } = view.state.annotations;
  const touched = UidSet.union([...chainItems(recent)].flatMap(({ groups }) => groups.map(({ uids }) => uids)));
  const gone = [...chainItems(view.state.expunged)].filter(({ seq }) => seq > (before?.seq ?? 0));
  const dirty = touched.union(UidSet.union(gone.map(({ uids }) => uids)));
  const uids = [...sizes.keys()].filter((uid) => view.has(uid)).sort((a, b) => a - b);
  const isSame = (piece: ColumnPiece): boolean => !dirty.intersects(piece.fromUid, piece.toUid);
  const old = before?.annotations ?? [];
  const isKnown = before?.annotationSizes !== undefined || sizes.size === 0;
  if (recent === undefined && isKnown && old.every(isSame)) {
    return { annotationSizes: before?.annotationSizes, annotations: old };
  }
  const pieces: ColumnPiece[] = [];
  let [batch, bytes]: [number[], number] = [[], 0];
  const flush = async (): Promise<void> => {
    const [first] = batch;
    if (first === undefined) return;
    const values = await annotationValues(context, view, UidSet.fromSorted(batch));
    const ref = await putPiece(context, 'M', view.state.id, encodeAnnotations([...values]));
    pieces.push({ ...ref, fromUid: first, toUid: batch.at(-1) ?? first, rows: batch.length });
    [batch, bytes] = [[], 0];
  };
  for (const uid of uids) {
    const kept = old.find((piece) => piece.fromUid <= uid && uid <= piece.toUid && isSame(piece));
    if (kept !== undefined) {
      await flush();
      if (pieces.at(-1)?.id !== kept.id) pieces.push(kept);
      continue;
    }
    batch.push(uid);
    for (const size of sizes.get(uid)?.values() ?? []) bytes += size;
    if (bytes >= PIECE_BYTES) await flush();
  }
  await flush();
  const rows = uids.flatMap((uid) => {
    const own = sizes.get(uid);
    return own === undefined ? [] : [[uid, own] as const];
  });
  const annotationSizes =
    rows.length === 0 ? undefined : await putPiece(context, 'M', view.state.id, encodeAnnotationSizes(rows));
  return { annotationSizes, annotations: pieces };
}
