import { Groups } from './groups.ts';
import { type Failure, OwnThread } from './own-thread.ts';

/** What a group may hold, so that what is copied for the thread at one time stays small. */
const GROUP_BYTES = 4 * 1024 * 1024;

/** A group as it goes to the thread: the files' bytes one after another. */
export interface SmallFiles {
  readonly files: readonly { readonly key: string; readonly path: string; readonly fileBytes: number }[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What became of a file. `no folder`: somebody removed it when it was empty. */
export type SmallFileMade = 'made' | 'taken' | 'no folder' | Failure;

export interface SmallObjectsOptions {
  /** Folder of all objects; what is settled together is its file system. */
  readonly root: string;
  /** Where the thread keeps its journal (ADR 10). */
  readonly journals: string;
}

/** An object's file to be made of these pieces. */
interface SmallFile {
  readonly key: string;
  readonly path: string;
  readonly pieces: readonly Uint8Array[];
}

/** Makes the files of small objects and their journal in a thread, in groups: one write and one wait for the disk for all that waits. */
export class SmallObjects {
  readonly #thread: OwnThread<SmallFiles, readonly SmallFileMade[]>;
  readonly #groups: Groups<SmallFile, SmallFileMade>;

  constructor(options: SmallObjectsOptions) {
    const module = new URL('./small-objects-thread.ts', import.meta.url);
    const thread = new OwnThread<SmallFiles, readonly SmallFileMade[]>({ module, name: 'blob writer', data: options });
    this.#thread = thread;
    this.#groups = new Groups({
      run: (group) => {
        const question = packed(group);
        return thread.ask(question, [question.bytes.buffer]);
      },
      bytesOf: ({ pieces }) => lengthOf(pieces),
      maxBytes: GROUP_BYTES,
    });
  }

  /** Resolves when the file is there and durable, or tells why it was not made. Throws `StoreError`. */
  make(file: SmallFile): Promise<SmallFileMade> {
    return this.#groups.do(file);
  }

  /** Finishes what waits, settles all there is and removes the journal. */
  async close(): Promise<void> {
    await this.#groups.done();
    await this.#thread.close();
  }
}

/** Copied once, into memory that can be handed over: a piece may be a part of memory that others use. */
function packed(group: readonly SmallFile[]): SmallFiles {
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
