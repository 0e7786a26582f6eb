import { type Id, idFromBytes } from '../base/ids.ts';
import { deleteSegments } from './compact.ts';
import { StoreError } from './errors.ts';
import type { Head } from './head.ts';
import { GRACE_MS, SEGMENT_KEEP_MS } from './keep.ts';
import {
  LARGE_BODY_PREFIX,
  type LogLetter,
  logPk,
  PIECE_PREFIX,
  PIECES,
  pieceBlobKey,
  SEGMENT_PREFIX,
} from './keys.ts';
import { catchUp, Moved, withHead } from './log-reader.ts';
import { decodeManifest, piecesOf } from './mailbox-manifest.ts';
import { getPiece, type PieceRef } from './pieces.ts';
import { decodeRecords, isLarge, type StoredRecord } from './record.ts';
import { NOTE, OrphanNotes, ripeIds } from './sweep-notes.ts';
import { blobIds, type SweepRun, sortKeys } from './sweep-run.ts';
import { treeType } from './tree-snapshot.ts';

/** What a log's head leads to. Ids and hashes in hex. */
interface References {
  readonly pieces: ReadonlySet<string>;
  /** Bodies of large records: items by hash, and objects by id. */
  readonly bodies: ReadonlySet<string>;
  readonly objects: ReadonlySet<string>;
  /** Segments up to here were folded long ago (Rule 3). */
  readonly foldedSeq: number;
}

/**
 * Notes the pieces and bodies of one log that its head does not lead to, and deletes those that an audit a grace ago had
 * noted: what compactors and committers left that lost or died (Rules 7 and 9).
 */
export async function auditLog(run: SweepRun, letter: LogLetter, id: Id): Promise<void> {
  const found = await unreferenced(run, letter, id);
  if (found === undefined) return;
  const { pieces, bodies, objects, foldedSeq } = found;
  const notes = {
    pieces: new OrphanNotes(run.context, id, NOTE.piece),
    bodies: new OrphanNotes(run.context, id, NOTE.body),
    objects: new OrphanNotes(run.context, id, NOTE.object),
  };
  const ripePieces = await ripeIds(run, notes.pieces, pieces);
  const ripeBodies = await notes.bodies.settle(bodies);
  const ripeObjects = await ripeIds(run, notes.objects, objects);
  if (ripePieces.size + ripeBodies.size + ripeObjects.size > 0) {
    const now = await referencesOf(run, letter, id);
    if (now === undefined) return;
    strike(now, ripePieces, ripeBodies, ripeObjects);
    const pk = logPk(letter, id);
    const sks = [...ripePieces].map((piece) => Buffer.concat([PIECE_PREFIX, Buffer.from(piece, 'hex')]));
    sks.push(...[...ripeBodies].map((hash) => Buffer.concat([LARGE_BODY_PREFIX, Buffer.from(hash, 'hex')])));
    await run.deleteItems(sks.map((sk) => ({ pk, sk })));
    await run.deleteBlobs([...ripeObjects].map((object) => pieceBlobKey(id, object)));
    run.tally.pieces += sks.length + ripeObjects.size;
    await notes.pieces.remove(ripePieces);
    await notes.bodies.remove(ripeBodies);
    await notes.objects.remove(ripeObjects);
  }
  if (foldedSeq > 0) {
    await run.mayDelete();
    await deleteSegments(run.context, letter, id, foldedSeq);
  }
}

/** How many pieces and bodies of a log its head does not lead to; those of writers at work are among them. */
export async function unreferencedPieces(run: SweepRun, letter: LogLetter, id: Id): Promise<number> {
  const found = await unreferenced(run, letter, id);
  return found === undefined ? 0 : found.pieces.size + found.bodies.size + found.objects.size;
}

interface Unreferenced {
  readonly pieces: Set<Id>;
  readonly bodies: Set<string>;
  readonly objects: Set<Id>;
  readonly foldedSeq: number;
}

/** The head is read first: what is written meanwhile looks unreferenced until it is read again. */
async function unreferenced(run: SweepRun, letter: LogLetter, id: Id): Promise<Unreferenced | undefined> {
  const references = await referencesOf(run, letter, id);
  if (references === undefined) return undefined;
  const pk = logPk(letter, id);
  const [pieces, bodies, objects] = [new Set<Id>(), new Set<string>(), new Set<Id>()];
  for await (const sks of sortKeys(run.context, pk, PIECE_PREFIX)) {
    for (const sk of sks) pieces.add(idFromBytes(sk.subarray(PIECE_PREFIX.length)));
  }
  for await (const sks of sortKeys(run.context, pk, LARGE_BODY_PREFIX)) {
    for (const sk of sks) bodies.add(sk.subarray(LARGE_BODY_PREFIX.length).toString('hex'));
  }
  for await (const object of blobIds(run.context, `${PIECES}${id}/`)) objects.add(object);
  strike(references, pieces, bodies, objects);
  return { pieces, bodies, objects, foldedSeq: references.foldedSeq };
}

function strike(
  { pieces, bodies, objects }: References,
  foundPieces: Set<Id>,
  foundBodies: Set<string>,
  foundObjects: Set<Id>,
): void {
  for (const id of foundPieces) if (pieces.has(id)) foundPieces.delete(id);
  for (const hash of foundBodies) if (bodies.has(hash)) foundBodies.delete(hash);
  for (const id of foundObjects) if (pieces.has(id) || objects.has(id)) foundObjects.delete(id);
}

async function referencesOf(run: SweepRun, letter: LogLetter, id: Id): Promise<References | undefined> {
  return withHead(run.context, letter, id, async (head) => {
    const { pieces, foldedSeq } = await piecesOfLog(run, letter, id, head);
    const [bodies, objects] = [new Set<string>(), new Set<string>()];
    const take = (records: readonly StoredRecord[]): void => {
      for (const { body } of records) {
        if (!isLarge(body)) continue;
        if (body.object === undefined) bodies.add(body.hash16.toString('hex'));
        else objects.add(body.object);
      }
    };
    take(head.tail);
    let after: Buffer | undefined;
    do {
      const pk = logPk(letter, id);
      const page = await run.context.index.query({ pk, prefix: SEGMENT_PREFIX, ...(after && { after }) });
      for (const { item } of page.rows) {
        if (!(item.t instanceof Uint8Array)) throw new StoreError('format', 'a log segment lacks its records');
        take(decodeRecords(item.t));
      }
      after = page.next;
    } while (after !== undefined);
    return { pieces: new Set(pieces.map((piece) => piece.id)), bodies, objects, foldedSeq };
  });
}

async function piecesOfLog(
  run: SweepRun,
  letter: LogLetter,
  id: Id,
  head: Head,
): Promise<{ readonly pieces: readonly PieceRef[]; readonly foldedSeq: number }> {
  const current: PieceRef[] = [];
  let listed: Pick<ReturnType<typeof decodeManifest>, 'retired' | 'folded'>;
  if (letter === 'T') {
    // Scripts are named by records too, not only by the snapshot.
    const { view } = await catchUp(run.context, treeType(run.context), id, head, undefined);
    if (view.state.snapshotRef !== undefined) current.push(view.state.snapshotRef);
    current.push(...[...view.state.scripts.values()].map(({ piece }) => piece));
    listed = view.state;
  } else {
    if (head.snapId === undefined) return { pieces: [], foldedSeq: 0 };
    const root: PieceRef = { id: head.snapId, isObject: head.snapIsObject };
    current.push(root);
    const packed = await getPiece(run.context, letter, id, root);
    if (packed === undefined) throw new Moved(`snapshot ${root.id}`);
    const manifest = decodeManifest(packed);
    current.push(...piecesOf(manifest));
    listed = manifest;
  }
  const kept = listed.retired.filter(({ timeMs }) => timeMs > run.nowMs - GRACE_MS);
  const old = listed.folded.filter(({ timeMs }) => timeMs <= run.nowMs - SEGMENT_KEEP_MS);
  return { pieces: [...current, ...kept], foldedSeq: old.reduce((max, { seq }) => Math.max(max, seq), 0) };
}
