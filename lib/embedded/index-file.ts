import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, linkSync, openSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../store/errors.ts';
import { isErrno, translated } from './errors.ts';

/** "Cirr", beside the number of the layout: whose file it is (Rule 23). */
const APPLICATION = 0x43697272;
const LAYOUT = 1;
/** Before it, two processes that write and checkpoint at one moment could damage the file (sqlite.org/wal.html#walresetbug). */
const OLDEST_SQLITE = [3, 51, 3];
/** Written frames before they are moved into the file, and what stays of the log afterwards. */
const CHECKPOINT_PAGES = 1000;
const LOG_BYTES = 16 * 1024 * 1024;

const MAKE = `
  PRAGMA page_size = 4096;
  PRAGMA synchronous = FULL;
  PRAGMA journal_mode = WAL;
  BEGIN IMMEDIATE;
  CREATE TABLE items (pk BLOB NOT NULL, sk BLOB NOT NULL, rev INTEGER, item BLOB NOT NULL, PRIMARY KEY (pk, sk)) STRICT;
  PRAGMA application_id = ${APPLICATION};
  PRAGMA user_version = ${LAYOUT};
  COMMIT;`;

/**
 * Opens the index's file to write, making it when there is none. Who waits for whom is the caller's: a statement that meets
 * another process's lock fails at once ({@link isBusy}). Throws as {@link failed} does.
 *
 * Nothing but SQLite may ever open or close the file or the two beside it (`-wal`, `-shm`): closing a file gives up all locks
 * that the process has on it.
 */
export function openToWrite(path: string): DatabaseSync {
  if (!isSafeSqlite(process.versions.sqlite ?? ''))
    throw new StoreError(
      'unavailable',
      `this Node has SQLite ${process.versions.sqlite}; ${OLDEST_SQLITE.join('.')} or newer is needed`,
    );
  if (!existsSync(path)) make(path);
  const database = openChecked(path);
  database.exec(`
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
    PRAGMA journal_size_limit = ${LOG_BYTES};
    PRAGMA cache_size = -8000;`);
  return database;
}

/** Opens the file, which {@link openToWrite} has made, for reading alone. */
export function openToRead(path: string): DatabaseSync {
  const database = openChecked(path);
  database.exec('PRAGMA query_only = ON');
  return database;
}

/** Whether two processes may share a file by this version of SQLite. */
export function isSafeSqlite(version: string): boolean {
  const parts = version.split('.').map(Number);
  for (const [i, oldest] of OLDEST_SQLITE.entries()) {
    const part = parts[i] ?? 0;
    if (part !== oldest) return part > oldest;
  }
  return true;
}

/** Whether the statement met a lock, so that it may be tried again. */
export function isBusy(error: unknown): boolean {
  return [BUSY, LOCKED].includes(numberOf(error) ?? 0);
}

const ERROR = 1;
const BUSY = 5;
const LOCKED = 6;
const MISUSE = 21;
const RANGE = 25;
const NOT_A_DATABASE = 26;

/** SQLite's errors as the store's: what the disk and the other processes did is `unavailable`; our own mistakes pass as they are. */
export function failed(error: unknown, doing: string): unknown {
  const number = numberOf(error);
  if (number === undefined || !(error instanceof Error)) return translated(error, doing);
  if (number === ERROR || number === MISUSE || number === RANGE) return error;
  if (number === NOT_A_DATABASE) return notOurs(doing);
  return new StoreError('unavailable', `${doing}: ${error.message}`, { cause: error });
}

function numberOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  // The rest of the number says more than anybody asks.
  return error.errcode & 0xff;
}

function notOurs(doing: string): StoreError {
  return new StoreError(
    'format',
    `${doing}: this file is not an index of Cirrus, or of an early version that is not read any more`,
  );
}

/** Makes the whole file beside its place and links it there: no process ever sees a part of it. */
function make(path: string): void {
  const beside = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    closeSync(openSync(beside, 'wx', 0o600));
    const database = new DatabaseSync(beside);
    try {
      database.exec(MAKE);
    } finally {
      database.close();
    }
    linkSync(beside, path);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  } finally {
    for (const end of ['', '-wal', '-shm']) rmSync(`${beside}${end}`, { force: true });
  }
}

function openChecked(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    const application = numberIn(database, 'application_id');
    const layout = numberIn(database, 'user_version');
    if (application !== APPLICATION) throw notOurs(`opening ${path}`);
    if (layout !== LAYOUT)
      throw new StoreError('format', `opening ${path}: layout ${layout}; this version reads ${LAYOUT}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function numberIn(database: DatabaseSync, pragma: string): unknown {
  return database.prepare(`PRAGMA ${pragma}`).get()?.[pragma];
}
