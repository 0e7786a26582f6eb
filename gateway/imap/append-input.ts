import { ConnectionClosed } from '../net/connection.ts';
import type { Input } from './input.ts';
import { type AppendData, type AppendStart, type AppendStep, parseAppend, parseAppendRest } from './wire/append.ts';
import { BadSyntax } from './wire/bad-syntax.ts';
import type { LiteralHead } from './wire/frame.ts';
import type { FramerEvent } from './wire/framer.ts';
import type { Dialect } from './wire/read/reader.ts';

/** What an APPEND begins with: its frame up to the first streamed literal, or the whole command when it has none. */
export type AppendEvent = FramerEvent & { readonly kind: 'message' | 'command' };

/** An APPEND or REPLACE as the client sends it, step by step. */
export class AppendInput {
  /** What the literal at hand was announced as. */
  literal: LiteralHead = { sizeBytes: 0, sync: false, binary: false };
  readonly #input: Input;
  readonly #dialect: Dialect;
  #steps: AppendStep[] = [];
  #within: AppendData | null = null;
  #isOver = false;

  constructor(input: Input, dialect: Dialect) {
    this.#input = input;
    this.#dialect = dialect;
  }

  /** Reads the first frame. */
  start(event: AppendEvent): AppendStart {
    this.#take(event);
    const start = parseAppend(event.frame, event.kind === 'message', this.#dialect);
    this.#steps = [...start.steps];
    this.#within = start.within;
    return start;
  }

  /** The next step; undefined at the end of the command. After a `literal`, its octets must be read first. */
  async next(): Promise<AppendStep | undefined> {
    if (this.#steps.length === 0 && !this.#isOver) {
      const event = await this.#input.next();
      if (event?.kind === 'refused') {
        // The framer skips the rest by itself.
        this.#isOver = true;
        throw new BadSyntax('The command line is too long');
      }
      if (event?.kind !== 'command' && event?.kind !== 'message') {
        throw new ConnectionClosed('the client ended within an APPEND');
      }
      this.#take(event);
      const { steps, within } = parseAppendRest(event.frame, this.#within, event.kind === 'message', this.#dialect);
      this.#steps = [...steps];
      this.#within = within;
    }
    return this.#steps.shift();
  }

  /** What the client still sends of the command must not be read as commands. */
  abandon(): void {
    if (!this.#isOver) this.#input.refuse();
    this.#isOver = true;
  }

  #take(event: AppendEvent): void {
    if (event.kind === 'message') this.literal = event.literal;
    else this.#isOver = true;
  }
}
