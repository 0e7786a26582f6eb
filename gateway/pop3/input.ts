import { type Connection, ConnectionClosed } from '../net/connection.ts';
import { type Line, LineReader } from '../net/line-reader.ts';

/** The client sent a line where the rest of an exchange was due that cannot be one. */
export class BrokenExchange extends Error {
  override readonly name = 'BrokenExchange';
}

/** What the client sends: lines. */
export class Input {
  readonly #connection: Connection;
  readonly #lines: LineReader;
  #isWaiting = false;

  constructor(connection: Connection, maxLineBytes: number) {
    this.#connection = connection;
    this.#lines = new LineReader(maxLineBytes);
  }

  /** Whether the client is waited for. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** The next line; undefined when the client has ended. */
  async line(): Promise<Line | undefined> {
    this.#isWaiting = true;
    try {
      for (;;) {
        const line = this.#lines.next();
        if (line !== undefined) return line;
        const chunk = await this.#connection.read();
        if (chunk === undefined) return undefined;
        this.#lines.push(chunk);
      }
    } finally {
      this.#isWaiting = false;
    }
  }

  /** Sends a challenge of SASL and gives the line that answers it (RFC 5034 §4). */
  async answer(challenge: string): Promise<string> {
    this.#connection.write(`+ ${challenge}\r\n`);
    const line = await this.line();
    if (line === undefined) throw new ConnectionClosed('the client left in the middle of AUTH');
    if (line.kind !== 'line') throw new BrokenExchange('Lines must end with CRLF and be shorter');
    return line.bytes.toString('latin1');
  }

  /** Throws away what was sent in clear (RFC 2595 §4). */
  forget(): void {
    this.#lines.takeRest();
  }
}
