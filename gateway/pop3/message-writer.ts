import { ConnectionClosed } from '../net/connection.ts';
import type { Context } from './context.ts';
import { DotStuffer } from './wire/dot-stuffer.ts';

/** Writes a message that is here as a multi-line reply. */
export function writeWhole(context: Context, text: string, octets: Buffer): void {
  const stuffer = new DotStuffer();
  context.ok(text);
  for (const part of stuffer.push(octets)) context.write(part);
  context.write(stuffer.end());
}

/** Writes octets of a message as a multi-line reply, with back-pressure. */
export class MessageWriter {
  readonly #context: Context;
  readonly #pieces: AsyncIterator<Buffer>;
  readonly #stuffer = new DotStuffer();
  #first: IteratorResult<Buffer> | undefined;

  constructor(context: Context, octets: AsyncIterable<Buffer>) {
    this.#context = context;
    this.#pieces = octets[Symbol.asyncIterator]();
  }

  /** Reads the first octets, then says +OK: afterwards there is no way back. */
  async begin(text: string): Promise<void> {
    this.#first = await this.#pieces.next();
    this.#context.ok(text);
  }

  /** Writes the rest; when it cannot be read the connection is cut, for half a message must not look whole. */
  async finish(): Promise<void> {
    const context = this.#context;
    try {
      for (let next = this.#first; next?.done === false; next = await this.#pieces.next())
        await this.#write(next.value);
    } catch (error) {
      if (!(error instanceof ConnectionClosed)) {
        context.log.error({ err: error }, 'a message could not be sent whole');
        context.connection.destroy();
        throw new ConnectionClosed('a message could not be sent whole');
      }
      throw error;
    } finally {
      await this.#pieces.return?.();
    }
    context.write(this.#stuffer.end());
  }

  async #write(piece: Buffer): Promise<void> {
    const { pieceBytes } = this.#context.options.limits;
    for (let at = 0; at < piece.length; at += pieceBytes) {
      for (const part of this.#stuffer.push(piece.subarray(at, at + pieceBytes))) this.#context.write(part);
      await this.#context.flow();
    }
  }
}
