import { type Connection, ConnectionClosed } from '../net/connection.ts';
import { BadSyntax } from './wire/bad-syntax.ts';
import { Framer, type FramerEvent } from './wire/framer.ts';
import type { WireLimits } from './wire/limits.ts';
import { continuation } from './wire/write/response.ts';

/** What the client sends, framed; bytes are taken from it only when they are asked for. */
export class Input {
  readonly #connection: Connection;
  readonly #framer = new Framer();
  #isBetween = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  setLimits(limits: WireLimits): void {
    this.#framer.setLimits(limits);
  }

  /** Whether the client is waited for with nothing under way: one may say goodbye now. */
  get isBetween(): boolean {
    return this.#isBetween;
  }

  /** The next event between commands, or where a command waits for the client. */
  async between(): ReturnType<Input['next']> {
    this.#isBetween = true;
    try {
      return await this.next();
    } finally {
      this.#isBetween = false;
    }
  }

  /** The next event; undefined when the client has ended. Who waits to send a literal is told to go on. */
  async next(): Promise<Exclude<FramerEvent, { readonly kind: 'continue' }> | undefined> {
    for (;;) {
      const event = this.#framer.next();
      if (event?.kind === 'continue') this.#connection.write(continuation('Ready for literal data'));
      else if (event !== null) return event;
      else {
        const chunk = await this.#connection.read();
        if (chunk === undefined) return undefined;
        this.#framer.push(chunk);
      }
    }
  }

  /** Writes `+` with the text, and gives the line that the client answers. Throws {@link BadSyntax} when it is too long. */
  async answer(prompt: string): Promise<string> {
    this.#connection.write(continuation(prompt));
    this.#framer.expectLine();
    const event = await this.between();
    if (event?.kind === 'line') return event.bytes.toString('latin1');
    if (event?.kind === 'refused') throw new BadSyntax('The line is too long');
    throw new ConnectionClosed('the client ended within a command');
  }

  /** The octets of the message that an APPEND announced. Leaving the loop early leaves the rest to {@link refuse}. */
  async *message(): AsyncGenerator<Buffer> {
    this.#framer.accept();
    for (;;) {
      const event = await this.next();
      if (event?.kind === 'data') yield event.bytes;
      else if (event?.kind === 'message-end') return;
      else throw new ConnectionClosed('the client ended within a message');
    }
  }

  /** Ends the APPEND here: what is left of it is skipped. */
  refuse(): void {
    this.#framer.refuse();
  }

  /** Removes and gives what was read and is no command yet. */
  takeRest(): Buffer {
    return this.#framer.takeRest();
  }
}
