import { randomBytes } from 'node:crypto';
import { open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkBlobKey } from '../store/port-limits.ts';
import { JOURNAL_SUFFIX } from './blob-journal.ts';
import { decodeJournal, type JournalRecord } from './blob-journal-format.ts';
import { FILE_SUFFIX } from './blob-walk.ts';
import type { DurableFolders } from './durable-folders.ts';
import { isErrno } from './errors.ts';
import { isRunning, thisProcess } from './process-name.ts';

/** A journal that is being replayed has the name of who does it between its own and this. */
const REPLAY_SUFFIX = '.replay';
const LOOK_MS = 20;

/** Where the objects' files are. */
export interface ObjectFiles {
  readonly objects: string;
  readonly folders: DurableFolders;
}

/**
 * Makes the files of objects whole again that were acknowledged by processes which are gone, and removes their journals.
 * Resolves when none is left, also of those that another process replays at this moment. Answers how many files it made.
 */
export async function replayJournals(journals: string, files: ObjectFiles): Promise<number> {
  let mended = 0;
  for (;;) {
    const left = (await readdir(journals)).filter((name) => isLeft(name));
    if (left.length === 0) return mended;
    for (const name of left) {
      const owner = ownerOf(name);
      if (owner !== thisProcess() && isRunning(owner)) await sleep(LOOK_MS);
      else mended += await replay(journals, name, files);
    }
  }
}

/** Whether the file is a journal whose owner is gone, or one that is being replayed. */
function isLeft(name: string): boolean {
  return name.endsWith(REPLAY_SUFFIX) || (name.endsWith(JOURNAL_SUFFIX) && !isRunning(ownerOf(name)));
}

/** Who writes the journal, or replays it. */
function ownerOf(name: string): string {
  return name.split('.').at(name.endsWith(REPLAY_SUFFIX) ? -2 : 0) ?? '';
}

async function replay(journals: string, name: string, files: ObjectFiles): Promise<number> {
  // First the name: an owner who lives after all sees that it is gone, and writes again what we may not see.
  const mine = join(journals, `${name.split('.').slice(0, 2).join('.')}.${thisProcess()}${REPLAY_SUFFIX}`);
  try {
    await rename(join(journals, name), mine);
    let mended = 0;
    const touched = new Set<string>();
    for (const record of decodeJournal(await readFile(mine))) {
      if (await mend(record, files)) mended++;
      touched.add(dirname(join(files.objects, record.key)));
    }
    for (const folder of touched) await files.folders.sync(folder);
    await unlink(mine);
    return mended;
  } catch (error) {
    // Another opener of this process has done it.
    if (isErrno(error, 'ENOENT')) return 0;
    throw error;
  }
}

/** Makes the object's file as it is in the journal, and durable but for its name. Answers whether it was not. */
async function mend({ key, file }: JournalRecord, { objects, folders }: ObjectFiles): Promise<boolean> {
  checkBlobKey(key);
  const path = join(objects, key + FILE_SUFFIX);
  const there = await readFile(path).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  });
  const isWhole = there?.equals(file) === true;
  if (isWhole) {
    const handle = await open(path, 'r');
    await handle.sync().finally(() => handle.close());
    return false;
  }
  await folders.make(dirname(path));
  // Not the name of an object, so no reader sees it before it is whole.
  const making = join(dirname(path), `${randomBytes(8).toString('hex')}.mending`);
  const handle = await open(making, 'wx', 0o600);
  try {
    await handle.writeFile(file);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(making, path);
  return true;
}
