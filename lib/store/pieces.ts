import { type Id, newId } from '../base/ids.ts';
import { type LogLetter, logPk, pieceBlobKey, pieceSk } from './keys.ts';
import type { LogContext } from './log.ts';

/** Where an immutable piece of a snapshot is: an item up to this size, else an object. */
export const PIECE_ITEM_BYTES = 8192;

export interface PieceRef {
  readonly id: Id;
  readonly isObject: boolean;
}

/** Puts a piece under a random id (Rule 7). */
export async function putPiece(
  { index, blobs, clock }: LogContext,
  letter: LogLetter | 'O',
  owner: Id,
  bytes: Buffer,
  metadata?: Readonly<Record<string, string>>,
): Promise<PieceRef> {
  const id = newId(clock.now());
  const isObject = bytes.length > PIECE_ITEM_BYTES;
  if (isObject) await blobs.put(pieceBlobKey(owner, id), bytes, metadata);
  else await index.put({ pk: logPk(letter, owner), sk: pieceSk(id) }, { b: bytes });
  return { id, isObject };
}

export async function getPiece(
  { index, blobs }: LogContext,
  letter: LogLetter | 'O',
  owner: Id,
  piece: PieceRef,
): Promise<Buffer | undefined> {
  if (piece.isObject) return blobs.get(pieceBlobKey(owner, piece.id));
  const item = await index.get({ pk: logPk(letter, owner), sk: pieceSk(piece.id) });
  return item?.b instanceof Uint8Array ? Buffer.from(item.b) : undefined;
}

export async function deletePiece(
  { index, blobs }: LogContext,
  letter: LogLetter | 'O',
  owner: Id,
  piece: PieceRef,
): Promise<void> {
  if (piece.isObject) await blobs.deleteMany([pieceBlobKey(owner, piece.id)]);
  else await index.delete({ pk: logPk(letter, owner), sk: pieceSk(piece.id) });
}
