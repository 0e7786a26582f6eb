import { closeSync, openSync, rmSync, writevSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

/** Writes all pieces one after another from the position; a short write (a disk about to be full) is carried on. */
export async function writeAll(file: FileHandle, pieces: readonly Uint8Array[], position: number): Promise<void> {
  let rest = pieces.filter((piece) => piece.length > 0);
  let at = position;
  while (rest.length > 0) {
    const { bytesWritten } = await file.writev(rest, at);
    at += bytesWritten;
    rest = without(rest, bytesWritten);
  }
}

/** The same without a thread: of what the system takes into memory, asking one costs several times more than the write. */
export function writeAllSync(file: number, pieces: readonly Uint8Array[], position: number): void {
  let rest = pieces.filter((piece) => piece.length > 0);
  let at = position;
  while (rest.length > 0) {
    const written = writevSync(file, rest, at);
    at += written;
    rest = without(rest, written);
  }
}

/** Makes a file of these pieces, without a thread; one that could not be written is removed. Throws as `open` and `write`. */
export function makeFileSync(path: string, pieces: readonly Uint8Array[]): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeAllSync(file, pieces, 0);
  } catch (error) {
    // Only here: an `open` that failed may have met another writer's file.
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

function without(pieces: readonly Uint8Array[], written: number): Uint8Array[] {
  let left = written;
  const rest: Uint8Array[] = [];
  for (const piece of pieces) {
    if (left < piece.length) rest.push(piece.subarray(left));
    left = Math.max(0, left - piece.length);
  }
  return rest;
}
