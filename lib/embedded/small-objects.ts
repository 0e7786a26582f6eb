import { setImmediate } from 'node:timers/promises';
import type { StoreErrorCode } from '../store/errors.ts';
import { OwnThread } from './own-thread.ts';

/** What a group may hold, so that what is copied for the thread at one time stays small. */
const GROUP_BYTES = 4 * 1024 * 1024;

/** A group as it goes to the thread: the files' bytes one after another. */
export interface SmallFiles {
  readonly files: readonly { readonly key: string; readonly path: string; readonly fileBytes: number }[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What became of a file. `no folder`: somebody removed it when it was empty. */
export type SmallFileMade =
  | 'made'
  | 'taken'
  | 'no folder'
  | { readonly code: StoreErrorCode | undefined; readonly text: string };

export interface SmallObjectsOptions {
  /** Folder of all objects; what is settled together is its file system. */
  readonly root: string;
  /** Where the thread keeps its journal (ADR 10). */
  readonly journals: string;
}

interface Waiting {
  readonly key: string;
  readonly path: string;
  readonly pieces: readonly Uint8Array[];
  readonly resolve: (made: SmallFileMade) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Makes the files of small objects and their journal in a thread: what arrives while a group is written is the next group,
 * one write and one wait for the disk for all of it.
 */
export class SmallObjects {
  readonly #thread: OwnThread<SmallFiles, readonly SmallFileMade[]>;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(options: SmallObjectsOptions) {
    const module = new URL('./small-objects-thread.ts', import.meta.url);
    this.#thread = new OwnThread({ module, name: 'blob writer', data: options });
  }

  /** Resolves when the file of these pieces is there and durable, or not made; throws `StoreError`. */
  make(key: string, path: string, pieces: readonly Uint8Array[]): Promise<SmallFileMade> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, path, pieces, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Finishes what waits, settles all there is and removes the journal. */
  async close(): Promise<void> {
    await this.#running;
    await this.#thread.close();
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // A turn of the event loop, so that those who arrive together share.
      await setImmediate();
      const group = this.#nextGroup();
      try {
        const question = packed(group);
        const made = await this.#thread.ask(question, [question.bytes.buffer]);
        for (const [i, answer] of made.entries()) group[i]?.resolve(answer);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#running = undefined;
  }

  #nextGroup(): readonly Waiting[] {
    let bytes = 0;
    let length = 0;
    for (const { pieces } of this.#waiting) {
      bytes += lengthOf(pieces);
      if (length > 0 && bytes > GROUP_BYTES) break;
      length++;
    }
    return this.#waiting.splice(0, length);
  }
}

/** Copied once, into memory that can be handed over: a piece may be a part of memory that others use. */
function packed(group: readonly Waiting[]): SmallFiles {
  const files = group.map(({ key, path, pieces }) => ({ key, path, fileBytes: lengthOf(pieces) }));
  const bytes = new Uint8Array(files.reduce((sum, { fileBytes }) => sum + fileBytes, 0));
  let at = 0;
  for (const { pieces } of group) {
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
  }
  return { files, bytes };
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}
