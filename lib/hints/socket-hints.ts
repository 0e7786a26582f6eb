import type { Server, Socket } from 'node:net';
import type { Hint, Hints } from '../store/ports.ts';

// A hint is one line: rev, space, id; a link may put more behind it.
const TEXT = /^(\d{1,16}) ([\x21-\x7e]{1,200})$/;
const LINE_BYTES = 320;
/** What may wait for a peer that does not read; more is dropped (the head is the truth). */
const WAITING_BYTES = 64 * 1024;
const PEERS = 256;
const CONNECTIONS = 512;
/** Whoever connects has a hint to send; one that has sent none by then is a stranger. */
const FIRST_LINE_MS = 30_000;
/** How long the end of this process waits for a peer that does not read. */
const FLUSH_MS = 500;

/** How the members of one group reach each other. */
export interface HintLink {
  /** A socket that connects. Undefined: no member can have this address, which comes from a stored item. */
  connect(address: string): Socket | undefined;
  /** The line, without its end, that says the text to a member. */
  seal(text: string, receiver: string): string;
  /** The text of a line that came to this member. Undefined: its sender is none, and is not listened to any longer. */
  unseal(line: string, receiver: string): string | undefined;
}

/** Hints by the connections of one group of processes, each of which listens at its address (Rule 20). */
export class SocketHints implements Hints {
  readonly address: string;
  readonly #server: Server;
  readonly #link: HintLink;
  readonly #firstLineMs: number;
  readonly #listeners = new Set<(hint: Hint) => void>();
  readonly #peers = new Map<string, Socket>();
  readonly #connections = new Set<Socket>();

  /** The server listens already, at the address. */
  constructor(server: Server, address: string, link: HintLink, firstLineMs = FIRST_LINE_MS) {
    this.#server = server;
    this.address = address;
    this.#link = link;
    this.#firstLineMs = firstLineMs;
    // Neither the server nor its connections keep a process alive.
    server.unref();
    server.maxConnections = CONNECTIONS;
    server.on('error', () => undefined);
    server.on('connection', (socket) => this.#receive(socket));
  }

  send(hint: Hint, addresses: readonly string[]): void {
    const text = `${hint.rev} ${hint.id}`;
    if (!TEXT.test(text)) return;
    for (const address of new Set(addresses)) {
      if (address === this.address) continue;
      const peer = this.#peers.get(address) ?? this.#connect(address);
      if (peer !== undefined && peer.writableLength < WAITING_BYTES) peer.write(`${this.#link.seal(text, address)}\n`);
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
    const socket = this.#link.connect(address);
    if (socket === undefined) return undefined;
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
    socket.setTimeout(this.#firstLineMs, () => socket.destroy());
    this.#connections.add(socket);
    let rest = '';
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      if (!lines.every((line) => this.#take(line)) || rest.length > LINE_BYTES) socket.destroy();
      else if (lines.length > 0) socket.setTimeout(0);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.#connections.delete(socket));
  }

  /** Tells the listeners, if it is a hint; false: it is from a stranger. */
  #take(line: string): boolean {
    const text = this.#link.unseal(line, this.address);
    if (text === undefined) return false;
    const [, rev, id] = TEXT.exec(text) ?? [];
    if (id !== undefined && Number.isSafeInteger(Number(rev)))
      for (const listener of this.#listeners) listener({ id, rev: Number(rev) });
    return true;
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
