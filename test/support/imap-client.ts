import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** How long a client waits for something that never comes: then the test fails, before it is ended. A busy machine is no failure. */
const PATIENCE_MS = 240_000;

/** A socket that hears response lines; a literal is part of its line. */
export class ImapClient {
  socket: Socket;
  #text = '';
  #ended = false;
  #wake: (() => void) | undefined;
  readonly #hear = (chunk: Buffer): void => {
    // One character per octet, so that literals can be counted.
    this.#text += chunk.toString('latin1');
    this.#wake?.();
  };
  readonly #heardAll = (): void => {
    this.#ended = true;
    this.#wake?.();
  };
  readonly #answerEnd = (): void => void this.socket.end();

  constructor(socket: Socket) {
    this.socket = socket;
    this.listenTo(socket);
  }

  static async connect(port: number): Promise<ImapClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return new ImapClient(socket);
  }

  /**
   * Hears nothing more from the socket of now, its end neither: something else does. A compressed socket ends before all that
   * came over it is inflated.
   */
  leave(): void {
    this.socket
      .off('data', this.#hear)
      .off('end', this.#answerEnd)
      .off('end', this.#heardAll)
      .off('close', this.#heardAll);
  }

  /** Goes on with another socket: TLS or compression over the old one. */
  listenTo(socket: Socket): void {
    this.leave();
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', this.#hear);
    socket.on('end', this.#answerEnd).on('end', this.#heardAll).on('close', this.#heardAll);
  }

  send(data: string | Uint8Array): void {
    this.socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
  }

  /** The next response without its CRLF, literals with theirs; 'END' when the server has ended. */
  async line(): Promise<string> {
    const deadline = setTimeout(() => this.socket.destroy(new Error('no answer')), PATIENCE_MS);
    try {
      for (;;) {
        const end = responseEnd(this.#text);
        if (end !== undefined) {
          const line = this.#text.slice(0, end);
          this.#text = this.#text.slice(end + 2);
          return line;
        }
        if (this.#ended) return this.#text === '' ? 'END' : `GARBAGE ${this.#text}`;
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
      }
    } finally {
      clearTimeout(deadline);
    }
  }

  /** Sends a command and gives all responses up to its tagged one. */
  async say(tag: string, command: string): Promise<string[]> {
    this.send(`${tag} ${command}\r\n`);
    return this.until(tag);
  }

  /** Responses up to the tagged one, or the end. */
  async until(tag: string): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.line();
      lines.push(line);
      if (line.startsWith(`${tag} `) || line === 'END' || line.startsWith('GARBAGE')) return lines;
    }
  }

  /** Greeting heard, logged in. */
  static async loggedIn(port: number, user = 'anna'): Promise<ImapClient> {
    const client = await ImapClient.connect(port);
    await client.line();
    await client.say('login', `LOGIN ${user} secret`);
    return client;
  }

  /** Appends a message with a non-synchronising literal. */
  async append(mailbox: string, message: string, flags = ''): Promise<string[]> {
    const octets = Buffer.from(message, 'latin1');
    this.send(`append APPEND ${mailbox} ${flags}{${octets.length}+}\r\n`);
    this.send(octets);
    this.send('\r\n');
    return this.until('append');
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Where the first response ends, past its literals; undefined while it is not whole. */
function responseEnd(text: string): number | undefined {
  let at = 0;
  for (;;) {
    const end = text.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const literal = /\{(\d+)\}$/.exec(text.slice(Math.max(at, end - 24), end));
    if (literal === null) return end;
    at = end + 2 + Number(literal[1]);
    if (at > text.length) return undefined;
  }
}
