import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** Says lines, and gives what the server answers up to OK, NO or BYE, line by line. */
export class SieveClient {
  #socket: Socket;
  #held = '';
  #ended = false;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  static async open(port: number): Promise<SieveClient> {
    const socket = connect({ host: '127.0.0.1', port });
    await once(socket, 'connect');
    return new SieveClient(socket);
  }

  /** Writes the text with its line end and gives the answer. */
  async say(text: string | Buffer): Promise<string> {
    this.write(text);
    return this.answer();
  }

  write(text: string | Buffer): void {
    this.#socket.write(text);
    this.#socket.write('\r\n');
  }

  /** All up to the line that ends an answer; `END` when the server has closed. */
  async answer(): Promise<string> {
    let at = 0;
    for (;;) {
      const end = this.#held.indexOf('\r\n', at);
      if (end < 0) {
        if (this.#ended) return this.#take(this.#held.length) || 'END';
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      const line = this.#held.slice(at, end);
      const literal = /\{(\d+)\}$/.exec(line)?.[1];
      if (literal !== undefined) {
        at = end + 2 + Number(literal);
        if (/^(OK|NO|BYE)/.test(line) && this.#held.length >= at + 2) return this.#take(at + 2).slice(0, -2);
        continue;
      }
      at = end + 2;
      if (/^(OK|NO|BYE)( |$)/.test(line)) return this.#take(at).slice(0, -2);
    }
  }

  /** The next line, whatever it is. */
  async line(): Promise<string> {
    while (!this.#held.includes('\r\n') && !this.#ended) await new Promise<void>((done) => (this.#wake = done));
    return this.#take(this.#held.indexOf('\r\n') + 2).slice(0, -2);
  }

  /** Goes on inside TLS, whatever the certificate. */
  async startTls(): Promise<void> {
    const plain = this.#socket;
    plain.removeAllListeners('data');
    const secure = connectTls({ socket: plain, rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    this.#socket = secure;
    this.#listen();
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(length: number): string {
    const taken = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    return taken;
  }

  #listen(): void {
    this.#socket.on('data', (chunk: Buffer) => {
      this.#held += chunk.toString('latin1');
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    this.#socket.on('end', end).on('error', end).on('close', end);
  }
}
