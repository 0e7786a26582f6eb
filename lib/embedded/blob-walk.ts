import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isBlobPrefix } from '../store/port-limits.ts';
import { isErrno } from './errors.ts';

/** Keys have no dot, so no object's file is ever in the way of another's folder, and no key leaves the root. */
export const FILE_SUFFIX = '.blob';

/** Keys of the files under the root that begin with the prefix, after the given one, in ascending order; torn ones too. */
export async function* keysUnder(root: string, prefix: string, after: string): AsyncGenerator<string, void, undefined> {
  if (!isBlobPrefix(prefix)) return;
  yield* walk(root, prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix, after);
}

/** `folder` is '' or ends with a slash. */
async function* walk(
  root: string,
  folder: string,
  prefix: string,
  after: string,
): AsyncGenerator<string, void, undefined> {
  for (const name of await entriesOf(join(root, folder))) {
    const path = folder + name;
    if (!path.startsWith(prefix) && !prefix.startsWith(path)) continue;
    if (!name.endsWith('/')) {
      if (path.startsWith(prefix) && path > after) yield path;
    } else if (`${path}~` > after) yield* walk(root, path, prefix, after); // '~' is beyond every key below the folder
  }
}

/** Names of objects, and of folders with a slash at the end, in the order of the keys they stand for. */
async function entriesOf(folder: string): Promise<string[]> {
  try {
    const names: string[] = [];
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) names.push(`${entry.name}/`);
      else if (entry.name.endsWith(FILE_SUFFIX)) names.push(entry.name.slice(0, -FILE_SUFFIX.length));
    }
    return names.sort(byBytes);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
