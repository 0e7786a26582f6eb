import { createHash, randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, realpath, unlink } from 'node:fs/promises';
import { createConnection, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HintLink, SocketHints } from '../hints/socket-hints.ts';
import { StoreError } from '../store/errors.ts';
import type { Hints } from '../store/ports.ts';
import { isErrno, translated } from './errors.ts';

const NAME = /^h[0-9a-f]{16}$/;
/** `sun_path` holds 108 bytes with the final zero. */
const PATH_BYTES = 107;

/**
 * Opens the Hints port among the processes that share a data folder (Rule 20). `alone`: no other process may have it open; throws
 * StoreError `unavailable` when one has.
 */
export async function openUnixHints(dataFolder: string, alone = false): Promise<Hints> {
  try {
    const folder = await socketFolder(dataFolder);
    const others = await removeDead(folder);
    if (alone && others > 0)
      throw new StoreError('unavailable', 'another process has it open: stop every server first');
    const address = `h${randomBytes(8).toString('hex')}`;
    return new SocketHints(await listeningAt(join(folder, address)), address, linkIn(folder));
  } catch (error) {
    throw translated(error, 'opening the hint socket');
  }
}

async function listeningAt(path: string): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve());
  });
  await chmod(path, 0o600);
  return server;
}

/** Nobody but this user can connect: what comes is as it was sent. */
function linkIn(folder: string): HintLink {
  return {
    connect(address) {
      // A name of another form could be a path.
      if (!NAME.test(address)) return undefined;
      const path = join(folder, address);
      return createConnection(path).on('error', (error) => {
        // Nobody listens on a socket that is there: its process died.
        if (isErrno(error, 'ECONNREFUSED')) void unlink(path).catch(() => undefined);
      });
    },
    seal: (text) => text,
    unseal: (line) => line,
  };
}

/** `run` in the data folder, or, where that makes too long a path, a folder of the user's own for temporary files. */
async function socketFolder(dataFolder: string): Promise<string> {
  const longest = `/h${'0'.repeat(16)}`;
  const near = join(dataFolder, 'run');
  if (Buffer.byteLength(near + longest) <= PATH_BYTES) {
    await mkdir(near, { recursive: true, mode: 0o700 });
    return near;
  }
  const hash = createHash('sha256')
    .update(await realpath(dataFolder))
    .digest('hex')
    .slice(0, 16);
  const far = join(tmpdir(), `cirrus-${hash}`);
  await mkdir(far, { recursive: true, mode: 0o700 });
  const { uid, mode } = await lstat(far);
  // Anybody may have made it before us.
  if (uid !== process.getuid?.() || (mode & 0o170077) !== 0o040000)
    throw new StoreError('unavailable', `${far} is not a folder of this user alone`);
  return far;
}

/** Removes the sockets of processes that died; answers how many live. */
async function removeDead(folder: string): Promise<number> {
  let living = 0;
  for (const name of await readdir(folder)) {
    if (!NAME.test(name)) continue;
    const path = join(folder, name);
    const dead = await new Promise<boolean>((resolve) => {
      const socket = createConnection(path, () => resolve(false));
      socket.on('error', (error) => resolve(isErrno(error, 'ECONNREFUSED')));
      socket.on('connect', () => socket.destroy());
    });
    if (dead) await unlink(path).catch(() => undefined);
    else living++;
  }
  return living;
}
