import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** The server went away in the middle of something: what it was doing may or may not have happened. */
export class Lost extends Error {
  override readonly name = 'Lost';
}

/** A client of a line protocol that expects its server to die at any moment. */
export class LineClient {
  readonly #socket: Socket;
  #buffer = '';
  #wake: (() => void) | undefined;
  #dead = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#buffer += text;
      this.#wake?.();
    });
    for (const event of ['error', 'close'] as const) {
      socket.on(event, () => {
        this.#dead = true;
        this.#wake?.();
      });
    }
  }

  static async open(port: number): Promise<LineClient> {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
    } catch {
      throw new Lost('connect');
    }
    return new LineClient(socket);
  }

  send(text: string): void {
    if (!this.#dead) this.#socket.write(text, 'latin1');
  }

  /** The next line, without its end. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#buffer.indexOf('\r\n');
      if (end >= 0) {
        const line = this.#buffer.slice(0, end);
        this.#buffer = this.#buffer.slice(end + 2);
        return line;
      }
      if (this.#dead) throw new Lost('read');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Lines up to and including the first that begins so. */
  async until(...beginnings: readonly string[]): Promise<string> {
    for (;;) {
      const line = await this.line();
      if (beginnings.some((beginning) => line.startsWith(beginning))) return line;
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}
