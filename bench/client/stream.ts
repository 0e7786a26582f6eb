import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** How much of the newest bytes is kept to look for the end of an answer. */
const KEPT_BYTES = 64 * 1024;

/** A connection whose answers are counted and looked at only where they end: the client must not be what is measured. */
export class Stream {
  readonly #socket: Socket;
  #kept: Buffer = Buffer.alloc(0);
  #received = 0;
  #wake: (() => void) | undefined;
  #failure: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.length;
      const all = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
      this.#kept = all.length > 2 * KEPT_BYTES ? all.subarray(-KEPT_BYTES) : all;
      this.#wake?.();
    });
    const ended = (error?: Error) => {
      this.#failure ??= error ?? new Error('the server closed the connection');
      this.#wake?.();
    };
    socket.on('error', ended).on('close', () => ended());
  }

  /** Connects to a port on 127.0.0.1. */
  static async connect(port: number): Promise<Stream> {
    const socket = connect(port, '127.0.0.1');
    const stream = new Stream(socket);
    await once(socket, 'connect');
    return stream;
  }

  /** Bytes received in all. */
  get received(): number {
    return this.#received;
  }

  write(data: string | Uint8Array): void {
    this.#socket.write(data);
  }

  /** Waits until what has come matches; answers the match and takes everything up to its end. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#kept.toString('latin1'));
      if (match) {
        this.#kept = this.#kept.subarray(match.index + match[0].length);
        return match;
      }
      if (this.#failure) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Closes without a word. */
  destroy(): void {
    this.#socket.destroy();
  }
}
