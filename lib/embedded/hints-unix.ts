import { createHash, randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, realpath, unlink } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreError } from '../store/errors.ts';
import type { Hint, Hints } from '../store/ports.ts';
import { isErrno, translated } from './errors.ts';

// A hint is one line: rev, space, id.
const LINE = /^(\d{1,16}) ([\x21-\x7e]{1,200})$/;
const NAME = /^h[0-9a-f]{16}$/;
const LINE_BYTES = 256;
/** What may wait for a peer that does not read; more is dropped (the head is the truth). */
const WAITING_BYTES = 64 * 1024;
const PEERS = 256;
/** How long the end of this process waits for a peer that does not read. */
const FLUSH_MS = 500;
/** `sun_path` holds 108 bytes with the final zero. */
const PATH_BYTES = 107;

/** Opens the Hints port among the processes that share a data folder. */
export async function openUnixHints(dataFolder: string): Promise<Hints> {
  try {
    const folder = await socketFolder(dataFolder);
    await removeDead(folder);
    const address = `h${randomBytes(8).toString('hex')}`;
    const hints = new UnixHints(folder, address);
    await hints.listenAt(join(folder, address));
    return hints;
  } catch (error) {
    throw translated(error, 'opening the hint socket');
  }
}

class UnixHints implements Hints {
  readonly address: string;
  readonly #folder: string;
  readonly #listeners = new Set<(hint: Hint) => void>();
  readonly #peers = new Map<string, Socket>();
  readonly #connections = new Set<Socket>();
  readonly #server: Server;

  constructor(folder: string, address: string) {
    this.#folder = folder;
    this.address = address;
    this.#server = createServer((socket) => this.#receive(socket));
    // Neither the server nor its connections keep a process alive.
    this.#server.unref();
  }

  async listenAt(path: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(path, () => {
        this.#server.off('error', reject);
        this.#server.on('error', () => undefined);
        resolve();
      });
    });
    await chmod(path, 0o600);
  }

  send(hint: Hint, addresses: readonly string[]): void {
    const line = `${hint.rev} ${hint.id}`;
    if (!LINE.test(line)) return;
    for (const address of new Set(addresses)) {
      // Addresses come from stored items; a name of another form could be a path.
      if (address === this.address || !NAME.test(address)) continue;
      const peer = this.#peers.get(address) ?? this.#connect(address);
      if (peer !== undefined && peer.writableLength < WAITING_BYTES) peer.write(`${line}\n`);
    }
  }

  listen(listener: (hint: Hint) => void): () => void {
    // One function may listen twice.
    const own = (hint: Hint): void => listener(hint);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    // A process that commits and ends (`cirrus deliver`) has only now connected to those it tells.
    await Promise.all([...this.#peers.values()].map(flushed));
    for (const socket of [...this.#peers.values(), ...this.#connections]) socket.destroy();
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #connect(address: string): Socket | undefined {
    if (this.#peers.size >= PEERS || !this.#server.listening) return undefined;
    const path = join(this.#folder, address);
    const socket = createConnection(path);
    socket.unref();
    this.#peers.set(address, socket);
    socket.on('error', (error) => {
      // Nobody listens on a socket that is there: its process died.
      if (isErrno(error, 'ECONNREFUSED')) void unlink(path).catch(() => undefined);
    });
    // A peer has nothing to say; reading is how its end is noticed.
    socket.on('data', () => socket.destroy());
    socket.on('close', () => this.#peers.delete(address));
    return socket;
  }

  #receive(socket: Socket): void {
    socket.unref();
    socket.setEncoding('latin1');
    this.#connections.add(socket);
    let rest = '';
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#deliver(line);
      if (rest.length > LINE_BYTES) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.#connections.delete(socket));
  }

  #deliver(line: string): void {
    const [, rev, id] = LINE.exec(line) ?? [];
    if (rev === undefined || id === undefined || !Number.isSafeInteger(Number(rev))) return;
    for (const listener of this.#listeners) listener({ id, rev: Number(rev) });
  }
}

/** Resolves when the peer has been sent what waits for it, or does not take it. */
async function flushed(socket: Socket): Promise<void> {
  if (socket.destroyed || socket.writableLength === 0) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, FLUSH_MS);
  socket.once('close', resolve).end();
  await promise;
  clearTimeout(timer);
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

/** Removes the sockets of processes that died. */
async function removeDead(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!NAME.test(name)) continue;
    const path = join(folder, name);
    const dead = await new Promise<boolean>((resolve) => {
      const socket = createConnection(path, () => resolve(false));
      socket.on('error', (error) => resolve(isErrno(error, 'ECONNREFUSED')));
      socket.on('connect', () => socket.destroy());
    });
    if (dead) await unlink(path).catch(() => undefined);
  }
}
