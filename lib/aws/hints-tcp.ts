import { createHmac, timingSafeEqual } from 'node:crypto';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { StoreError } from '../store/errors.ts';
import type { Hint, Hints } from '../store/ports.ts';

// A hint is one line: rev, space, id, space, HMAC-SHA-256 of the receiver's address and the hint.
const TEXT = /^(\d{1,16}) ([\x21-\x7e]{1,200})$/;
const LINE = /^(\d{1,16} [\x21-\x7e]{1,200}) ([0-9a-f]{64})$/;
const ADDRESS = /^((?:\d{1,3}\.){3}\d{1,3}):(\d{1,5})$/;
const LINE_BYTES = 320;
/** What may wait for a peer that does not read; more is dropped (the head is the truth). */
const WAITING_BYTES = 64 * 1024;
const PEERS = 256;
const CONNECTIONS = 512;
const KEY_BYTES = 16;
/** How long the end of this process waits for a peer that does not read. */
const FLUSH_MS = 500;

export interface TcpHintsOptions {
  /** IPv4 address under which the other gateways reach this one. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Shared by all gateways, 16 bytes or more. A hint without its mark is dropped; one sent twice does no harm. */
  readonly key: Uint8Array;
}

/** Opens the Hints port between gateways of one network (Rule 20). Throws `StoreError` when the address cannot be had. */
export async function openTcpHints({ host, port, key }: TcpHintsOptions): Promise<Hints> {
  if (key.length < KEY_BYTES)
    throw new RangeError(`a hint key of ${key.length} bytes; at least ${KEY_BYTES} are needed`);
  const server = createServer();
  server.maxConnections = CONNECTIONS;
  // Neither the server nor its connections keep a process alive.
  server.unref();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => resolve());
    });
  } catch (error) {
    throw new StoreError('unavailable', `listening for hints at ${host}:${port}: ${String(error)}`, { cause: error });
  }
  server.on('error', () => undefined);
  const bound = server.address();
  if (typeof bound !== 'object' || bound === null) throw new Error('the hint server has no address');
  return new TcpHints(server, `${host}:${bound.port}`, key);
}

class TcpHints implements Hints {
  readonly address: string;
  readonly #server: Server;
  readonly #key: Uint8Array;
  readonly #listeners = new Set<(hint: Hint) => void>();
  readonly #peers = new Map<string, Socket>();
  readonly #connections = new Set<Socket>();

  constructor(server: Server, address: string, key: Uint8Array) {
    this.#server = server;
    this.address = address;
    this.#key = key;
    server.on('connection', (socket) => this.#receive(socket));
  }

  send(hint: Hint, addresses: readonly string[]): void {
    const text = `${hint.rev} ${hint.id}`;
    if (!TEXT.test(text)) return;
    for (const address of new Set(addresses)) {
      if (address === this.address) continue;
      const peer = this.#peers.get(address) ?? this.#connect(address);
      if (peer !== undefined && peer.writableLength < WAITING_BYTES)
        peer.write(`${text} ${this.#mark(address, text).toString('hex')}\n`);
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
    await Promise.all([...this.#peers.values()].map(flushed));
    for (const socket of [...this.#peers.values(), ...this.#connections]) socket.destroy();
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #connect(address: string): Socket | undefined {
    const [, host, port] = ADDRESS.exec(address) ?? [];
    if (host === undefined || Number(port) < 1 || Number(port) > 65_535) return undefined;
    if (this.#peers.size >= PEERS || !this.#server.listening) return undefined;
    const socket = createConnection({ host, port: Number(port), noDelay: true, keepAlive: true });
    socket.unref();
    this.#peers.set(address, socket);
    socket.on('error', () => undefined);
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
      // Who does not know the key is not listened to any longer.
      if (!lines.every((line) => this.#deliver(line)) || rest.length > LINE_BYTES) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.#connections.delete(socket));
  }

  #deliver(line: string): boolean {
    const [, text = '', mark = ''] = LINE.exec(line) ?? [];
    if (mark === '' || !timingSafeEqual(Buffer.from(mark, 'hex'), this.#mark(this.address, text))) return false;
    const [, rev, id = ''] = TEXT.exec(text) ?? [];
    if (!Number.isSafeInteger(Number(rev))) return false;
    for (const listener of this.#listeners) listener({ id, rev: Number(rev) });
    return true;
  }

  #mark(receiver: string, text: string): Buffer {
    return createHmac('sha256', this.#key).update(`${receiver} ${text}`).digest();
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
