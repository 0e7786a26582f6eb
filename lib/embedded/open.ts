import { mkdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { IndexJobs, type IndexJobsOptions } from '../jobs/jobs-index.ts';
import type { Hints, Index, Jobs } from '../store/ports.ts';
import { FileBlobs } from './blobs-files.ts';
import { isErrno, translated } from './errors.ts';
import { openUnixHints } from './hints-unix.ts';
import { openSqliteIndex, type SqliteIndexOptions } from './index-sqlite.ts';
import { syncFolder } from './sync-folder.ts';

/** The ports on one folder. */
export interface Embedded {
  readonly index: Index;
  readonly blobs: FileBlobs;
  readonly hints: Hints;
  readonly jobs: Jobs;
  /** Ends jobs, hints and index, in that order. */
  close(): Promise<void>;
}

export interface EmbeddedOptions extends Pick<SqliteIndexOptions, 'commitHere'> {
  readonly jobs?: IndexJobsOptions;
  /** No other process may have it open: StoreError `unavailable` when one has. */
  readonly alone?: boolean;
  /** Something ended that works in the background and was started again. */
  readonly onError?: (what: string, error: unknown) => void;
}

/**
 * Opens (or makes) a data folder: `index`, `index-wal` and `index-shm` (SQLite), `blobs/`, `journal/`, `run/` (sockets).
 * Folders get mode 700, files 600. Several processes may have it open.
 */
export async function openEmbedded(folder: string, options: EmbeddedOptions = {}): Promise<Embedded> {
  const root = resolve(folder);
  const blobFolder = join(root, 'blobs');
  const journals = join(root, 'journal');
  try {
    await makeDurable(root);
    await makeDurable(blobFolder);
    await makeDurable(journals);
  } catch (error) {
    throw translated(error, `opening ${root}`);
  }
  const index = await openSqliteIndex(join(root, 'index'), {
    onError: (error) => options.onError?.('index', error),
    commitHere: options.commitHere ?? false,
  });
  try {
    // The files of the index are new, perhaps.
    await syncFolder(root);
    const blobs = new FileBlobs(blobFolder, { journals });
    await blobs.recover();
    const hints = await openUnixHints(root, options.alone);
    const jobs = new IndexJobs(index, options.jobs);
    const close = async (): Promise<void> => {
      await jobs.close();
      await hints.close();
      await blobs.close();
      await index.close();
    };
    return { index, blobs, hints, jobs, close };
  } catch (error) {
    await index.close();
    throw translated(error, `opening ${root}`);
  }
}

/** Makes the folder and its parents, each durable in its own parent. */
async function makeDurable(folder: string): Promise<void> {
  // Not `recursive`: that never ends where a file system answers ENOENT to mkdir, as automounters and /proc do.
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (await isFolder(folder)) return;
    const parent = dirname(folder);
    if (!isErrno(error, 'ENOENT') || parent === folder) throw error;
    await makeDurable(parent);
    await mkdir(folder, { mode: 0o700 }).catch(async (again: unknown) => {
      if (!(await isFolder(folder))) throw again;
    });
  }
  await syncFolder(dirname(folder));
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
