import type { Hash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const LF = 0x0a;

/** A client's end of a connection: writes with back-pressure, reads lines and octets and never more than is asked for. */
export class Wire {
  readonly socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    // A server that hangs up on us is what many tests are about.
    socket.on('error', () => undefined);
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  static async connect(port: number): Promise<Wire> {
    const socket = connect({ port, host: '127.0.0.1' });
    await once(socket, 'connect');
    return new Wire(socket);
  }

  /** Writes; waits while the server does not read. Does nothing when the connection is gone. */
  async write(data: string | Uint8Array): Promise<void> {
    if (this.socket.destroyed || this.socket.writableEnded) return;
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
    if (this.socket.write(bytes)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.socket.once('drain', resolve).once('close', resolve);
    await promise;
    this.socket.off('drain', resolve).off('close', resolve);
  }

  async writeAll(chunks: Iterable<Buffer>): Promise<void> {
    for (const chunk of chunks) await this.write(chunk);
  }

  /** The next line without its CRLF; undefined at the end. */
  async line(): Promise<string | undefined> {
    const parts: Buffer[] = [];
    for (;;) {
      const at = this.#held.indexOf(LF);
      if (at >= 0) {
        parts.push(this.#held.subarray(0, at));
        this.#held = this.#held.subarray(at + 1);
        return Buffer.concat(parts).toString('latin1').replace(/\r$/, '');
      }
      parts.push(this.#held);
      if (!(await this.#more())) return undefined;
    }
  }

  /** Reads so many octets into the hashes, without keeping more than the first of them. */
  async octets(count: number, hashes: readonly Hash[], keep: number): Promise<Buffer> {
    const kept: Buffer[] = [];
    for (let left = count, room = keep; left > 0; ) {
      if (this.#held.length === 0 && !(await this.#more())) throw new Error(`${left} of ${count} octets are missing`);
      const bytes = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(bytes.length);
      for (const hash of hashes) hash.update(bytes);
      if (room > 0) kept.push(bytes.subarray(0, room));
      left -= bytes.length;
      room -= bytes.length;
    }
    return Buffer.concat(kept);
  }

  /** Reads all there is until the server ends, and gives the last of it. */
  async untilEnd(keep = 4096): Promise<string> {
    let tail = this.#held;
    while (await this.#more()) tail = Buffer.concat([tail, this.#held]).subarray(-keep);
    return tail.toString('latin1');
  }

  destroy(): void {
    this.socket.destroy();
  }

  async #more(): Promise<boolean> {
    try {
      const { value, done } = await this.#chunks.next();
      if (done === true) return false;
      this.#held = value;
      return true;
    } catch {
      // A reset connection has ended, too.
      return false;
    }
  }
}
