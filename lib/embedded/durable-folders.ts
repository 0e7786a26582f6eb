import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { isErrno } from './errors.ts';

const REMEMBERED = 10_000;

interface Group {
  readonly done: Promise<string>;
  started: boolean;
}

/**
 * Folders whose entries survive a power cut. One fsync of a folder serves all who waited for it; a folder that was made
 * for this is made durable in its parent first, up to the root.
 */
export class DurableFolders {
  readonly #root: string;
  /** Identity of the folders that are known to be durable in their parents: they may be removed and made again. */
  readonly #known = new Map<string, string>();
  readonly #making = new Map<string, Promise<void>>();
  readonly #groups = new Map<string, Group>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Makes the folder and its parents below the root, as far as they are not known. */
  async make(folder: string): Promise<void> {
    if (folder === this.#root || this.#known.has(folder)) return;
    const making = this.#making.get(folder) ?? this.#make(folder).finally(() => this.#making.delete(folder));
    this.#making.set(folder, making);
    await making;
  }

  /** Forgets that the folder exists, after ENOENT: somebody removed it when it was empty. */
  forget(folder: string): void {
    for (let at = folder; at.length > this.#root.length; at = dirname(at)) this.#known.delete(at);
  }

  /** Resolves when the entries that are in the folder now, and the folder itself, are durable. */
  async sync(folder: string): Promise<void> {
    const identity = await this.#syncEntries(folder);
    if (folder === this.#root || this.#known.get(folder) === identity) return;
    // Made by another process, perhaps a moment ago: its entry in the parent may not be durable yet.
    await this.sync(dirname(folder));
    this.#remember(folder, identity);
  }

  async #make(folder: string): Promise<void> {
    for (;;) {
      const parent = dirname(folder);
      await this.make(parent);
      try {
        await mkdir(folder, { mode: 0o700 });
        break;
      } catch (error) {
        if (isErrno(error, 'EEXIST')) break;
        if (!isErrno(error, 'ENOENT') || parent === this.#root) throw error;
        this.forget(parent);
      }
    }
    // Whose entries are durable is settled by the first sync of the folder.
    this.#remember(folder, '');
  }

  #remember(folder: string, identity: string): void {
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(folder, identity);
  }

  /** Joins the fsync of the folder that has not begun, or asks for the next. Answers the folder's identity. */
  #syncEntries(folder: string): Promise<string> {
    const last = this.#groups.get(folder);
    if (last !== undefined && !last.started) return last.done;
    const group: Group = { started: false, done: this.#run(folder, last?.done, () => (group.started = true)) };
    this.#groups.set(folder, group);
    const forget = (): void => {
      if (this.#groups.get(folder) === group) this.#groups.delete(folder);
    };
    group.done.then(forget, forget);
    return group.done;
  }

  async #run(folder: string, after: Promise<string> | undefined, start: () => void): Promise<string> {
    // A turn of the event loop, so that those who arrive together share.
    if (after === undefined) await setImmediate();
    else await after.catch(() => undefined);
    start();
    let handle: FileHandle | undefined;
    try {
      handle = await open(folder, 'r');
      const { ino, birthtimeNs } = await handle.stat({ bigint: true });
      await handle.sync();
      return `${ino}.${birthtimeNs}`;
    } finally {
      await handle?.close();
    }
  }
}
