// The thread of lib/embedded/small-objects.ts: makes groups of files, answers each when the journal has it.
import { rmSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { BlobJournal } from './blob-journal.ts';
import { isErrno, translated } from './errors.ts';
import { answerQuestions, failureOf } from './own-thread.ts';
import type { SmallFileMade, SmallFiles, SmallObjectsOptions } from './small-objects.ts';
import { syncFileSystem } from './sync-file-system.ts';
import { makeFileSync } from './write-all.ts';

const { root, journals } = workerData as SmallObjectsOptions;
const journal = new BlobJournal(journals, () => syncFileSystem(root));

answerQuestions<SmallFiles, readonly SmallFileMade[]>(makeAll, () => journal.close());

async function makeAll({ files, bytes }: SmallFiles): Promise<readonly SmallFileMade[]> {
  const made: SmallFileMade[] = [];
  const journalled: Promise<void>[] = [];
  let at = 0;
  for (const { key, path, fileBytes } of files) {
    const file = bytes.subarray(at, at + fileBytes);
    at += fileBytes;
    const outcome = make(key, path, file);
    made.push(outcome);
    // Only now, when the file is written: settling the journal must find it.
    if (outcome === 'made') journalled.push(journal.append(key, [file]));
  }
  try {
    await Promise.all(journalled);
  } catch (error) {
    for (const [i, { path }] of files.entries()) if (made[i] === 'made') rmSync(path, { force: true });
    throw translated(error, 'writing the journal of blobs');
  }
  return made;
}

function make(key: string, path: string, file: Uint8Array): SmallFileMade {
  try {
    makeFileSync(path, [file]);
    return 'made';
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return 'taken';
    if (isErrno(error, 'ENOENT')) return 'no folder';
    return failureOf(translated(error, `writing blob ${key}`));
  }
}
