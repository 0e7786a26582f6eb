import type { Connection } from '../net/connection.ts';
import { type Line, LineReader } from '../net/line-reader.ts';
import { DataDecoder } from './wire/data-decoder.ts';

/** The client ended the connection in the middle of a message. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** What the client sends: lines, and the octets of messages between them. */
export class Input {
  readonly #connection: Connection;
  readonly #lines: LineReader;

  constructor(connection: Connection, maxLineBytes: number) {
    this.#connection = connection;
    this.#lines = new LineReader(maxLineBytes);
  }

  /** The next line; undefined when the client has ended. */
  async line(): Promise<Line | undefined> {
    for (;;) {
      const line = this.#lines.next();
      if (line !== undefined) return line;
      const chunk = await this.#connection.read();
      if (chunk === undefined) return undefined;
      this.#lines.push(chunk);
    }
  }

  /** The message after DATA, without its stuffing, up to its end. To be read whole. Throws {@link ClientGone}. */
  async *data(): AsyncGenerator<Buffer, void, void> {
    const decoder = new DataDecoder();
    for (let chunk = this.#lines.takeRest(); ; chunk = await this.#more()) {
      const { text, rest } = decoder.push(chunk);
      yield text;
      if (rest === undefined) continue;
      this.#lines.push(rest);
      return;
    }
  }

  /** Exactly the next `count` octets, as they are. To be read whole. Throws {@link ClientGone}. */
  async *octets(count: number): AsyncGenerator<Buffer, void, void> {
    let left = count;
    for (let chunk = this.#lines.takeRest(); ; chunk = await this.#more()) {
      yield chunk.subarray(0, left);
      if (chunk.length >= left) {
        this.#lines.push(chunk.subarray(left));
        return;
      }
      left -= chunk.length;
    }
  }

  /** Throws away what was received and not yet read. */
  discard(): void {
    this.#lines.takeRest();
  }

  async #more(): Promise<Buffer> {
    const chunk = await this.#connection.read();
    if (chunk === undefined) throw new ClientGone('the client left in the middle of a message');
    return chunk;
  }
}
