import { once } from 'node:events';
import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { makeFolder } from './make-folder.ts';

/** Longest path that fits the kernel's address (sun_path, without its NUL). */
const PATH_BYTES = 107;

/** Makes `path` free to listen on: removes a socket that a killed process left, and nothing else. */
export async function removeStaleSocket(path: string): Promise<void> {
  if (Buffer.byteLength(path) > PATH_BYTES) throw new Error(`the path is longer than ${PATH_BYTES} bytes`);
  await makeFolder(dirname(path));
  const found = await lstat(path).catch(ignoreAbsent);
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error('there is a file of that name that is not a socket');
  if (await isAnswered(path)) throw new Error('it is already in use by another program');
  await unlink(path).catch(ignoreAbsent);
}

/** Lets those connect whom the mode lets write. */
export async function openUnixPath(path: string, mode = 0o660): Promise<void> {
  await chmod(path, mode);
}

async function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    if (hasCode(error, 'ECONNREFUSED') || hasCode(error, 'ENOENT')) return false;
    // Somebody may be there: no permission, or a full backlog.
    return true;
  } finally {
    socket.destroy();
  }
}

function ignoreAbsent(error: unknown): undefined {
  if (!hasCode(error, 'ENOENT')) throw error;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
