/** A body, or a part of it, in memory of its own. */
export interface Piece {
  readonly bytes: Buffer;
  /** Whether nothing comes after it. */
  readonly last: boolean;
}

const FIRST_BYTES = 64 * 1024;

/**
 * The body in pieces of exactly `pieceBytes`, but for the last one; at least one. Bytes are copied together as they come, so
 * that a body of tiny chunks costs no more than its bytes.
 */
export async function* inPieces(
  body: Uint8Array | AsyncIterable<Uint8Array>,
  pieceBytes: number,
): AsyncGenerator<Piece, void, undefined> {
  let piece: Buffer = Buffer.allocUnsafeSlow(Math.min(FIRST_BYTES, pieceBytes));
  let filled = 0;
  for await (const chunk of body instanceof Uint8Array ? [body] : body) {
    for (let at = 0; at < chunk.length; ) {
      // A full piece waits until it is known not to be the last.
      if (filled === pieceBytes) {
        yield { bytes: piece, last: false };
        piece = Buffer.allocUnsafeSlow(pieceBytes);
        filled = 0;
      }
      const taken = Math.min(chunk.length - at, pieceBytes - filled);
      piece = withRoom(piece, filled, filled + taken, pieceBytes);
      piece.set(chunk.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
    }
  }
  yield { bytes: piece.subarray(0, filled), last: true };
}

function withRoom(piece: Buffer, filled: number, needed: number, pieceBytes: number): Buffer {
  if (needed <= piece.length) return piece;
  const grown = Buffer.allocUnsafeSlow(Math.min(pieceBytes, Math.max(needed, piece.length * 2)));
  piece.copy(grown, 0, 0, filled);
  return grown;
}
