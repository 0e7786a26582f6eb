import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type SecureContext, TLSSocket } from 'node:tls';
import { asBuffer } from '../../lib/base/bytes.ts';
import { type ConnectionLimits, connectionLimits } from '../../lib/base/limits.ts';
import { Deflated } from './deflated.ts';
import { gathered } from './gathered.ts';
import { plainAddress } from './plain-address.ts';
import { UnderWay } from './under-way.ts';

/** The peer is gone, or was cut off because it did not read: nothing more can be written. */
export class ConnectionClosed extends Error {
  override readonly name = 'ConnectionClosed';
}

/** {@link Connection.read} waited `idleTimeoutMs` for input; the connection is still open, so that one can say goodbye. */
export class IdleTimeout extends Error {
  override readonly name = 'IdleTimeout';
}

export interface ConnectionOptions {
  /** How long `read` waits for input; `Infinity` (the default) for ever. May be changed later. */
  readonly idleTimeoutMs?: number;
  readonly limits?: Partial<ConnectionLimits>;
}

let connectionCount = 0;

/**
 * One client, over TCP, TLS or a Unix socket: what all protocols need of a socket.
 *
 * Input is pulled: `read()` gives the next chunk, and nothing is taken from the peer while nobody asks (at most the
 * socket's own 64 KB). Output is collected: `write()` never waits; what was written goes out in one piece as soon as
 * `read()` has to wait, at `flush()`, or when a batch is full. A session therefore is a loop: read, write the replies,
 * read again. Text pushed while a `read()` waits (IDLE) goes out at once.
 *
 * Back-pressure: `write()` says false when the peer lags behind; then `await flush()` before producing more.
 *
 * A peer that goes away is no error: `read()` gives undefined, `write()` does nothing, `flush()` throws
 * {@link ConnectionClosed}, and `isClosed` says so.
 */
export class Connection {
  /** Unique within the process, for the log. */
  readonly id: string;
  /** Address of the peer without IPv4-in-IPv6 dressing, or of the client for which it speaks; '' for a Unix socket. */
  remoteAddress: string;
  remotePort: number;
  /** Address we were reached at; '' for a Unix socket. */
  readonly localAddress: string;
  readonly localPort: number;
  /** See {@link ConnectionOptions.idleTimeoutMs}. */
  idleTimeoutMs: number;

  readonly #limits: ConnectionLimits;
  #isClosed = false;
  #socket: Duplex;
  #secure: TLSSocket | undefined;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  #reading = false;
  #ended = false;
  #closing: Promise<void> | undefined;
  #flushScheduled = false;
  /** Pieces of output that the socket has. */
  readonly #underWay = new UnderWay();
  #drained: Promise<void> | undefined;
  #wakeReader: (() => void) | undefined;
  #draining = false;
  #onDrain: (() => void) | undefined;

  constructor(socket: Socket, options: ConnectionOptions = {}) {
    this.id = (++connectionCount).toString(36);
    [this.remoteAddress, this.remotePort] = [plainAddress(socket.remoteAddress), socket.remotePort ?? 0];
    [this.localAddress, this.localPort] = [plainAddress(socket.localAddress), socket.localPort ?? 0];
    this.idleTimeoutMs = options.idleTimeoutMs ?? Number.POSITIVE_INFINITY;
    this.#limits = { ...connectionLimits, ...options.limits };
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    this.#listen();
  }

  /** Whether the socket is gone: work that nobody waits for can stop. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether TLS protects the connection. */
  get secured(): boolean {
    return this.#secure !== undefined;
  }

  /** TLS version and cipher as in `TLSv1.3 TLS_AES_256_GCM_SHA384`; undefined in clear. */
  get tlsInfo(): string | undefined {
    if (this.#secure === undefined) return undefined;
    return `${this.#secure.getProtocol() ?? 'TLS'} ${this.#secure.getCipher().standardName}`;
  }

  /** Whether what goes over it is deflated. */
  get compressed(): boolean {
    return this.#socket instanceof Deflated;
  }

  /** Bytes the session has read, inside TLS and inflated. */
  get bytesIn(): number {
    return this.#bytesIn;
  }

  /** Bytes handed to the socket, inside TLS and before they are deflated. */
  get bytesOut(): number {
    return this.#bytesOut;
  }

  /** Whether the server is stopping: finish what was begun, say goodbye, close. */
  get draining(): boolean {
    return this.#draining;
  }

  /** Sets what to do when the server begins to stop; called at once when it already has. */
  onDrain(callback: () => void): void {
    this.#onDrain = callback;
    if (this.#draining) callback();
  }

  /** Tells the session that the server is stopping. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#onDrain?.();
  }

  /**
   * The next chunk of input; undefined when the peer has ended its side, is gone, or `close` was called. Throws
   * {@link IdleTimeout}. Only one read at a time. The chunk is the caller's; it is never written again.
   */
  async read(): Promise<Buffer | undefined> {
    if (this.#reading) throw new Error('a read is already waiting');
    this.#reading = true;
    try {
      for (;;) {
        // A peer that does not read its replies gets no more commands taken.
        if (this.#socket.writableNeedDrain) await this.flush().catch(ignoreClosed);
        const chunk = this.#take();
        if (chunk !== undefined) return chunk;
        if (this.#ended || this.#closing) return undefined;
        this.#send();
        if (!this.#socket.writableNeedDrain) await this.#input();
      }
    } finally {
      this.#reading = false;
    }
  }

  /** Puts input back, to be read first. */
  unread(input: Buffer): void {
    if (input.length === 0) return;
    this.#bytesIn -= input.length;
    this.#socket.unshift(input);
  }

  /** The chunks of input until the peer ends; leaving the loop does not close the connection. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, void> {
    for (;;) {
      const chunk = await this.read();
      if (chunk === undefined) return;
      yield chunk;
    }
  }

  /**
   * Adds to the output (text as UTF-8; bytes must not be changed afterwards). False asks for `await flush()` before
   * more is produced. Does nothing when the connection is closing or closed.
   */
  write(data: string | Uint8Array): boolean {
    if (this.#closing || this.#socket.destroyed) return true;
    if (this.#pendingBytes + this.#socket.writableLength > this.#limits.outputBytes) {
      this.destroy();
      return false;
    }
    const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : asBuffer(data);
    if (bytes.length > 0) {
      this.#pending.push(bytes);
      this.#pendingBytes += bytes.length;
    }
    if (this.#pendingBytes >= this.#limits.outputBatchBytes) this.#send();
    else if (this.#reading) this.#sendSoon();
    return !this.#socket.writableNeedDrain;
  }

  /** Sends what was written and waits while the peer lags behind. Throws {@link ConnectionClosed}. */
  async flush(): Promise<void> {
    this.#send();
    if (this.#socket.destroyed) throw new ConnectionClosed('the connection is closed');
    if (!this.#socket.writableNeedDrain) return;
    this.#drained ??= this.#untilDrained().finally(() => {
      this.#drained = undefined;
    });
    await this.#drained;
  }

  /** As {@link flush}, until the socket has let go of all that was written: its memory may be used again. */
  async sent(): Promise<void> {
    await this.flush();
    await this.#orCutOff(this.#underWay.none());
    if (this.#socket.destroyed) throw new ConnectionClosed('the connection is closed');
  }

  /**
   * Changes to TLS as the server side. `goAhead` is the last reply in clear: what the client sent before it is thrown away, it
   * could come from somebody else (RFC 3207 §5, RFC 9051 §6.2.1). Without, TLS is spoken from the first byte. Throws when the
   * handshake fails or takes too long; the connection is then gone.
   */
  async startTls(secureContext: SecureContext, goAhead: string | Uint8Array = ''): Promise<void> {
    await this.flush();
    const plain = this.#socket;
    if (goAhead !== '') while (plain.read() !== null);
    this.#unlisten();
    this.write(goAhead);
    this.#send();
    plain.on('error', ignoreError);
    const secure = new TLSSocket(plain, { isServer: true, secureContext });
    this.#secure = secure;
    this.#socket = secure;
    this.#listen();
    await this.#handshake(secure);
  }

  /**
   * Deflates both ways from now on, inside TLS (RFC 4978). `goAhead` is the last reply before; `early` is what was read and is
   * deflated already.
   */
  async compress(goAhead: string, early: Buffer): Promise<void> {
    await this.flush();
    this.write(goAhead);
    this.#send();
    this.#unlisten();
    if (early.length > 0) this.#socket.unshift(early);
    this.#socket = new Deflated(this.#socket);
    this.#listen();
  }

  /** Ends {@link compress}, if it has begun. `last` is the last reply that is deflated. */
  async decompress(last: string): Promise<void> {
    const deflated = this.#socket;
    if (!(deflated instanceof Deflated)) {
      this.write(last);
      return;
    }
    await this.flush();
    await this.#orCutOff(deflated.detach(last));
    this.#unlisten();
    this.#socket = deflated.socket;
    this.#listen();
  }

  /**
   * Sends what was written, then ends the connection; settles, never throws, when the socket is gone. Input is thrown
   * away from now on, and a waiting `read` gives undefined.
   */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    this.#wakeReader?.();
    return this.#closing;
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  #take(): Buffer | undefined {
    if (this.#closing) return undefined;
    const chunk: Buffer | null = this.#socket.read();
    if (chunk === null) return undefined;
    this.#bytesIn += chunk.length;
    return chunk;
  }

  #input(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = Number.isFinite(this.idleTimeoutMs)
      ? setTimeout(() => reject(new IdleTimeout('no input')), this.idleTimeoutMs)
      : undefined;
    this.#wakeReader = resolve;
    return promise.finally(() => {
      clearTimeout(timer);
      this.#wakeReader = undefined;
    });
  }

  #sendSoon(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    queueMicrotask(() => {
      this.#flushScheduled = false;
      this.#send();
    });
  }

  #send(): void {
    if (this.#pendingBytes === 0) return;
    const [parts, total] = [this.#pending, this.#pendingBytes];
    this.#pending = [];
    this.#pendingBytes = 0;
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    this.#bytesOut += total;
    const isBatch = total <= this.#limits.outputBatchBytes;
    this.#underWay.write(this.#socket, isBatch ? [Buffer.concat(parts, total)] : gathered(parts));
  }

  async #untilDrained(): Promise<void> {
    const socket = this.#socket;
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.once('drain', resolve).once('close', resolve);
    await this.#orCutOff(promise);
    socket.off('drain', resolve).off('close', resolve);
    if (socket.destroyed) throw new ConnectionClosed('the peer is gone or does not read');
  }

  /** Waits for the peer to read, which is cut off when it does not. */
  async #orCutOff(read: Promise<void> | undefined): Promise<void> {
    const timer = setTimeout(() => this.destroy(), this.#limits.outputStallMs);
    await read;
    clearTimeout(timer);
  }

  async #handshake(secure: TLSSocket): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new ConnectionClosed('TLS handshake too slow')), this.#limits.tlsHandshakeMs);
    const failed = (error?: Error | boolean): void =>
      reject(new ConnectionClosed('TLS handshake failed', error instanceof Error ? { cause: error } : {}));
    secure.once('secure', resolve).once('error', failed).once('close', failed);
    try {
      await promise;
    } catch (error) {
      this.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
      secure.off('secure', resolve).off('error', failed).off('close', failed);
    }
  }

  async #end(): Promise<void> {
    await this.flush().catch(ignoreClosed);
    const socket = this.#socket;
    if (socket.closed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.once('close', () => resolve());
    // Unread input would turn our FIN into a reset, which may overtake the last reply.
    socket.off('readable', this.#wake);
    socket.resume();
    socket.end();
    const timer = setTimeout(() => socket.destroy(), this.#limits.lingerMs);
    await promise;
    clearTimeout(timer);
  }

  #listen(): void {
    this.#socket
      .on('readable', this.#wake)
      .on('end', this.#whenEnded)
      .on('error', ignoreError)
      .on('close', this.#whenClosed);
    if (this.#socket.destroyed) this.#whenClosed();
  }

  #unlisten(): void {
    this.#socket
      .off('readable', this.#wake)
      .off('end', this.#whenEnded)
      .off('error', ignoreError)
      .off('close', this.#whenClosed);
  }

  readonly #wake = (): void => this.#wakeReader?.();

  readonly #whenEnded = (): void => {
    this.#ended = true;
    this.#wakeReader?.();
  };

  readonly #whenClosed = (): void => {
    this.#ended = true;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#wakeReader?.();
    this.#isClosed = true;
  };
}

// ECONNRESET, EPIPE and the like: 'close' follows, and a peer that goes away is not worth a line in the log.
function ignoreError(): void {}

function ignoreClosed(error: unknown): void {
  if (!(error instanceof ConnectionClosed)) throw error;
}
