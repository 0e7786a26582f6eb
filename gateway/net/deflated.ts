import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { constants, createDeflateRaw, createInflateRaw, type DeflateRaw, type InflateRaw } from 'node:zlib';

/**
 * What one compressed connection holds: its deflater 64 KB (2^(13+2) for the window and 2^(6+9) for the rest), its inflater
 * 40 KB (the window is the peer's choice, so it has to be the largest), and buffers. zlib's defaults would take 256 KB for
 * the deflater alone, which text of mail does not repay.
 */
const DEFLATER = { windowBits: 13, memLevel: 6 } as const;
const PIECE_BYTES = 16 * 1024;

/**
 * A duplex stream whose bytes go over another one deflated (RFC 1951), each write whole in a block of its own. Both ways have
 * back-pressure: what is not read is not inflated, so that a peer cannot make us hold much with few bytes, and a write is done
 * when the socket has taken it. Bytes that are no deflated ones end the connection.
 */
export class Deflated extends Duplex {
  readonly socket: Duplex;
  readonly #deflate: DeflateRaw;
  readonly #inflate: InflateRaw;
  /** Whether the reader has asked for more than it has been given. */
  #wanted = false;

  constructor(socket: Duplex) {
    super({ allowHalfOpen: true, readableHighWaterMark: PIECE_BYTES, writableHighWaterMark: 4 * PIECE_BYTES });
    this.socket = socket;
    const { Z_SYNC_FLUSH } = constants;
    this.#deflate = createDeflateRaw({ ...DEFLATER, flush: Z_SYNC_FLUSH, chunkSize: PIECE_BYTES });
    // A peer that hangs up leaves its stream unfinished, which is no error.
    this.#inflate = createInflateRaw({ finishFlush: Z_SYNC_FLUSH, chunkSize: PIECE_BYTES });
    this.#inflate
      .on('readable', () => this.#pull())
      .on('end', () => this.push(null))
      .on('error', (error) => this.destroy(error));
    this.#deflate.on('error', (error) => this.destroy(error));
    socket.on('close', this.#whenClosed).on('error', this.#whenFailed);
    socket.pipe(this.#inflate);
    this.#deflate.pipe(socket);
    if (socket.destroyed) this.#whenClosed();
  }

  /** Writes the last of it, and leaves the socket once it has that: what follows there is as it is, both ways. */
  async detach(last: string): Promise<void> {
    const [deflate, inflate] = [this.#deflate, this.#inflate];
    const { promise: gone, resolve } = Promise.withResolvers<void>();
    this.once('close', resolve);
    await Promise.race([gone, new Promise((written) => this.write(last, written))]);
    while (deflate.readableLength > 0 && !this.destroyed) await Promise.race([gone, once(deflate, 'data')]);
    deflate.unpipe(this.socket);
    this.socket.unpipe(inflate);
    this.socket.off('close', this.#whenClosed).off('error', this.#whenFailed);
    deflate.close();
    inflate.close();
  }

  override _read(): void {
    this.#wanted = true;
    this.#pull();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#deflate.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.socket.once('finish', done);
    this.#deflate.end();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.socket.destroy();
    this.#deflate.destroy();
    this.#inflate.destroy();
    done(error);
  }

  // The inflater says that it has more whenever it was emptied; that alone must not empty it again.
  #pull(): void {
    while (this.#wanted) {
      const chunk: Buffer | null = this.#inflate.read();
      if (chunk === null) return;
      this.#wanted = this.push(chunk);
    }
  }

  readonly #whenClosed = (): void => {
    this.destroy();
  };

  readonly #whenFailed = (error: Error): void => {
    this.destroy(error);
  };
}
