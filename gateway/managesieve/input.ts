import { type Connection, ConnectionClosed } from '../net/connection.ts';
import { BadSyntax, type WireLimits } from './wire/frame.ts';
import { Framer, type FramerEvent } from './wire/framer.ts';
import { parseAnswer } from './wire/parse-command.ts';
import { string } from './wire/write.ts';

/** What the client sends, framed; bytes are taken from it only when they are asked for. */
export class Input {
  readonly #connection: Connection;
  readonly #framer: Framer;
  #isBetween = false;

  constructor(connection: Connection, limits: WireLimits) {
    this.#connection = connection;
    this.#framer = new Framer(limits);
  }

  setLimits(limits: WireLimits): void {
    this.#framer.setLimits(limits);
  }

  /** Whether the client is waited for: one may say goodbye now. */
  get isBetween(): boolean {
    return this.#isBetween;
  }

  /** The next event; undefined when the client has ended. */
  async next(): Promise<FramerEvent | undefined> {
    this.#isBetween = true;
    try {
      for (;;) {
        const event = this.#framer.next();
        if (event !== undefined) return event;
        const chunk = await this.#connection.read();
        if (chunk === undefined) return undefined;
        this.#framer.push(chunk);
      }
    } finally {
      this.#isBetween = false;
    }
  }

  /** Sends a challenge, and gives the answer of the client (RFC 5804 §2.1). Throws {@link BadSyntax} when it is none. */
  async answer(challenge: string): Promise<string> {
    this.#connection.write(`${string(challenge)}\r\n`);
    const event = await this.next();
    if (event === undefined) throw new ConnectionClosed('the client ended within a command');
    if (event.kind !== 'command') throw new BadSyntax('The answer is too long');
    return parseAnswer(event.frame);
  }

  /** Throws away what was sent in clear (RFC 5804 §2.2). */
  forget(): void {
    this.#framer.forget();
  }
}
