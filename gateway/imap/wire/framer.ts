import { Accumulator } from './accumulator.ts';
import {
  announcesMessage,
  type Fragment,
  type Frame,
  LITERAL_HEAD_BYTES,
  type LiteralHead,
  literalHead,
  tagOf,
} from './frame.ts';
import { LIMITS_BEFORE_LOGIN, type WireLimits } from './limits.ts';

export type RefusalReason = 'line-too-long' | 'literal-too-big';

export type FramerEvent =
  /** A whole command, or what follows the last streamed message of one (`afterMessage`). */
  | { readonly kind: 'command'; readonly frame: Frame }
  /** Write `+ ` now: the client waits to send a literal. */
  | { readonly kind: 'continue' }
  /** APPEND announces a message. The framer stands still until `accept()` or `refuse()` is called. */
  | { readonly kind: 'message'; readonly frame: Frame; readonly literal: LiteralHead }
  /** Octets of the accepted message; they share memory with what was pushed. */
  | { readonly kind: 'data'; readonly bytes: Buffer }
  | { readonly kind: 'message-end' }
  /** A limit was passed: answer BAD (line) or NO [TOOBIG] (literal) at once; the framer skips the rest by itself. */
  | { readonly kind: 'refused'; readonly tag: string | null; readonly reason: RefusalReason }
  /** The line asked for by `expectLine()`. */
  | { readonly kind: 'line'; readonly bytes: Buffer }
  /** More must be skipped than is reasonable: say BYE and close. Nothing follows. */
  | { readonly kind: 'hopeless' };

type State =
  | { readonly at: 'line' | 'raw-line' | 'skip-line' | 'asking' | 'message-done' | 'hopeless' | 'dead' }
  | { readonly at: 'literal' | 'message' | 'skip-literal'; left: number };

/**
 * Turns received bytes into whole commands; it alone knows line ends, literals and their limits (RFC 9051 §4.3, RFC 7888).
 * `push` bytes, then call `next` until it gives null. A command beyond a limit is skipped whole, its non-synchronising
 * literals too, so that octets of a literal are never read as a command.
 */
export class Framer {
  #limits: WireLimits;
  #state: State = { at: 'line' };
  readonly #input: Buffer[] = [];
  readonly #line = new Accumulator();
  readonly #literal = new Accumulator();
  #fragments: Fragment[] = [];
  #afterMessage = false;
  #tag: string | null = null;
  #head: LiteralHead = { sizeBytes: 0, sync: false, binary: false };
  #lineBytes = 0;
  #literalBytes = 0;
  #skippedBytes = 0;
  #continue = false;

  constructor(limits: WireLimits = LIMITS_BEFORE_LOGIN) {
    this.#limits = limits;
  }

  setLimits(limits: WireLimits): void {
    this.#limits = limits;
  }

  push(bytes: Buffer): void {
    if (bytes.length > 0) this.#input.push(bytes);
  }

  /** The next event, or null when more bytes (or an answer to `message`) are needed. */
  next(): FramerEvent | null {
    if (this.#continue) {
      this.#continue = false;
      return { kind: 'continue' };
    }
    for (;;) {
      const state = this.#state;
      if (state.at === 'dead' || state.at === 'asking') return null;
      if (state.at === 'message-done') return this.#messageEnd();
      if (state.at === 'hopeless') return this.#giveUp();
      if ('left' in state && state.left === 0) {
        const event = this.#literalEnd(state.at);
        if (event !== null) return event;
        continue;
      }
      const chunk = this.#input[0];
      if (chunk === undefined) return null;
      const event = 'left' in state ? this.#takeOctets(state, chunk) : this.#takeLine(state.at, chunk);
      if (event !== null) return event;
    }
  }

  /** Takes the announced message: `continue` comes next if the client waits for it, then `data` and `message-end`. */
  accept(): void {
    this.#mustBe('asking');
    this.#continue = this.#head.sync;
    this.#state = { at: 'message', left: this.#head.sizeBytes };
  }

  /** Ends the APPEND here, before, within or after a message, and skips what is left of it. The caller answers the client. */
  refuse(): void {
    const state = this.#state;
    // A client that waits for `+` and gets NO or BAD instead sends nothing more of this command.
    if (this.#continue || (state.at === 'asking' && this.#head.sync)) this.#reset();
    else if (state.at === 'asking') this.#skip(this.#head.sizeBytes);
    else if (state.at === 'message') this.#skip(state.left);
    else if (state.at === 'message-done' || (state.at === 'line' && this.#afterMessage)) this.#skip(0);
    else throw new Error(`framer is at ${state.at}: there is no message to refuse`);
  }

  /** The next line is not a command but an answer to `+`: AUTHENTICATE (RFC 9051 §6.2.2) and IDLE (§6.3.13). */
  expectLine(): void {
    this.#mustBe('line');
    this.#state = { at: 'raw-line' };
  }

  /**
   * Removes and gives the bytes not yet read. After STARTTLS they were sent in the clear and must be thrown away
   * (RFC 9051 §6.2.1: else an attacker injects commands into the protected session).
   */
  takeRest(): Buffer {
    const rest = Buffer.concat([this.#line.take(), ...this.#input]);
    this.#input.length = 0;
    this.#reset();
    return rest;
  }

  #takeLine(at: 'line' | 'raw-line' | 'skip-line', chunk: Buffer): FramerEvent | null {
    // Quirk (netcat, scripts): a bare LF ends a line as CRLF does.
    const lf = chunk.indexOf(0x0a);
    const piece = lf < 0 ? chunk : chunk.subarray(0, lf);
    this.#consume(chunk, lf < 0 ? chunk.length : lf + 1);
    if (at === 'skip-line') return this.#skipLine(piece, lf >= 0);
    const limit = at === 'raw-line' ? this.#limits.answerBytes : this.#limits.lineBytes - this.#lineBytes;
    // One octet more for the CR that is not yet known to be one.
    if (this.#line.length + piece.length > limit + 1) return this.#refuseLine(at, piece, lf >= 0);
    this.#line.append(piece);
    if (lf < 0) return null;
    const line = withoutCr(this.#line.take());
    if (line.length > limit) return this.#refuseLine(at, line, true);
    if (at === 'line') return this.#lineEnd(line);
    this.#reset();
    return { kind: 'line', bytes: line };
  }

  #lineEnd(line: Buffer): FramerEvent | null {
    this.#lineBytes += line.length;
    const literal = literalHead(line);
    this.#fragments.push({ kind: 'line', bytes: literal === null ? line : literal.before });
    if (literal === null) {
      const frame = this.#frame();
      this.#reset();
      return { kind: 'command', frame };
    }
    this.#head = literal.head;
    const { sizeBytes, sync } = literal.head;
    const message = announcesMessage(this.#frame());
    const limit = message ? Number.MAX_SAFE_INTEGER : this.#limits.literalBytes - this.#literalBytes;
    if (sizeBytes > limit || (!sync && sizeBytes > this.#limits.nonSyncBytes)) {
      const event = { kind: 'refused', tag: this.#currentTag(), reason: 'literal-too-big' } as const;
      if (sync) this.#reset();
      else this.#skip(sizeBytes);
      return event;
    }
    if (message) {
      const frame = this.#frame();
      this.#tag = this.#currentTag();
      this.#fragments = [];
      this.#afterMessage = true;
      this.#state = { at: 'asking' };
      return { kind: 'message', frame, literal: literal.head };
    }
    this.#literalBytes += sizeBytes;
    this.#state = { at: 'literal', left: sizeBytes };
    return sync ? { kind: 'continue' } : null;
  }

  #takeOctets(state: State & { left: number }, chunk: Buffer): FramerEvent | null {
    const bytes = chunk.length <= state.left ? chunk : chunk.subarray(0, state.left);
    state.left -= bytes.length;
    this.#consume(chunk, bytes.length);
    if (state.at === 'message') return { kind: 'data', bytes };
    if (state.at === 'literal') this.#literal.append(bytes);
    return null;
  }

  #literalEnd(at: 'literal' | 'message' | 'skip-literal'): FramerEvent | null {
    if (at === 'skip-literal') {
      this.#state = { at: 'skip-line' };
      return null;
    }
    if (at === 'message') {
      this.#state = { at: 'message-done' };
      return null;
    }
    this.#fragments.push({ kind: 'literal', bytes: this.#literal.take(), binary: this.#head.binary });
    this.#state = { at: 'line' };
    return null;
  }

  #messageEnd(): FramerEvent {
    this.#lineBytes = 0;
    this.#literalBytes = 0;
    this.#state = { at: 'line' };
    return { kind: 'message-end' };
  }

  #giveUp(): FramerEvent {
    this.takeRest();
    this.#state = { at: 'dead' };
    return { kind: 'hopeless' };
  }

  #refuseLine(at: 'line' | 'raw-line', piece: Buffer, ended: boolean): FramerEvent {
    this.#line.append(piece);
    const bytes = this.#line.take();
    const tag = at === 'raw-line' ? null : (this.#currentTag() ?? tagOf([{ kind: 'line', bytes }]));
    this.#fragments = [];
    this.#state = { at: 'skip-line' };
    this.#skipLine(bytes, ended);
    return { kind: 'refused', tag, reason: 'line-too-long' };
  }

  #skipLine(piece: Buffer, ended: boolean): null {
    // Only the end of the line matters: it may announce a literal that is already on its way.
    this.#line.append(piece.subarray(-LITERAL_HEAD_BYTES - 1));
    this.#line.keepLast(LITERAL_HEAD_BYTES + 1);
    this.#skippedBytes += piece.length;
    if (this.#skippedBytes > this.#limits.discardBytes) this.#state = { at: 'hopeless' };
    else if (ended) {
      const literal = literalHead(withoutCr(this.#line.take()));
      // A client that has been told NO or BAD does not send a synchronising literal.
      if (literal === null || literal.head.sync) this.#reset();
      else this.#skip(literal.head.sizeBytes);
    }
    return null;
  }

  #skip(octets: number): void {
    this.#fragments = [];
    this.#skippedBytes += octets;
    if (this.#skippedBytes > this.#limits.discardBytes) this.#state = { at: 'hopeless' };
    else this.#state = { at: 'skip-literal', left: octets };
  }

  #reset(): void {
    this.#state = { at: 'line' };
    this.#fragments = [];
    this.#afterMessage = false;
    this.#tag = null;
    this.#lineBytes = 0;
    this.#literalBytes = 0;
    this.#skippedBytes = 0;
    this.#continue = false;
  }

  #frame(): Frame {
    return { fragments: this.#fragments, afterMessage: this.#afterMessage };
  }

  #currentTag(): string | null {
    return this.#tag ?? tagOf(this.#fragments);
  }

  #consume(chunk: Buffer, octets: number): void {
    if (octets === chunk.length) this.#input.shift();
    else this.#input[0] = chunk.subarray(octets);
  }

  #mustBe(at: State['at']): void {
    if (this.#state.at !== at) throw new Error(`framer is at ${this.#state.at}, not ${at}`);
  }
}

function withoutCr(line: Buffer): Buffer {
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
}
