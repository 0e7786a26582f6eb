import type { Fragment, Frame, WireLimits } from './frame.ts';

const LF = 0x0a;
const CR = 0x0d;
const NONE = Buffer.alloc(0);

export type FramerEvent =
  | { readonly kind: 'command'; readonly frame: Frame }
  /** A limit was passed; the whole command was skipped. `literalBytes`: the size that was announced. */
  | { readonly kind: 'refused'; readonly reason: 'line-too-long' | 'literal-too-big' }
  /** More must be skipped than is reasonable: say BYE. Nothing follows. */
  | { readonly kind: 'hopeless' };

/**
 * Turns received bytes into whole commands: lines and literals (RFC 5804 §4, `literal-c2s`). `push` bytes, then call `next`
 * until it gives undefined. A command beyond a limit is skipped whole, so that octets of a literal are never read as one.
 */
export class Framer {
  #limits: WireLimits;
  #input: Buffer[] = [];
  #line: Buffer[] = [];
  #lineBytes = 0;
  #literal: Buffer[] = [];
  #literalLeft: number | undefined;
  #literalBytes = 0;
  #fragments: Fragment[] = [];
  #refused: 'line-too-long' | 'literal-too-big' | undefined;
  #skippedBytes = 0;
  #announced = NONE;

  constructor(limits: WireLimits) {
    this.#limits = limits;
  }

  setLimits(limits: WireLimits): void {
    this.#limits = limits;
  }

  push(bytes: Buffer): void {
    if (bytes.length > 0) this.#input.push(bytes);
  }

  /** Forgets what was sent and not yet given out (RFC 5804 §2.2: before TLS begins). */
  forget(): void {
    this.#input = [];
    this.#reset();
  }

  next(): FramerEvent | undefined {
    for (;;) {
      if (this.#skippedBytes > this.#limits.skipBytes) return { kind: 'hopeless' };
      const chunk = this.#input[0];
      if (this.#literalLeft === 0) this.#endLiteral();
      else if (chunk === undefined) return undefined;
      else if (this.#literalLeft !== undefined) this.#takeLiteral(chunk, this.#literalLeft);
      else {
        const event = this.#takeLine(chunk);
        if (event !== undefined) return event;
      }
    }
  }

  #takeLiteral(chunk: Buffer, left: number): void {
    const taken = chunk.subarray(0, left);
    this.#consume(chunk, taken.length);
    this.#literalLeft = left - taken.length;
    if (this.#refused === undefined) this.#literal.push(taken);
    else this.#skippedBytes += taken.length;
  }

  #endLiteral(): void {
    if (this.#refused === undefined) {
      this.#fragments.push({ line: this.#announced, literal: Buffer.concat(this.#literal) });
    }
    this.#literal = [];
    this.#literalLeft = undefined;
  }

  #takeLine(chunk: Buffer): FramerEvent | undefined {
    const at = chunk.indexOf(LF);
    const taken = at < 0 ? chunk : chunk.subarray(0, at);
    this.#consume(chunk, at < 0 ? chunk.length : at + 1);
    this.#line.push(taken);
    this.#lineBytes += taken.length;
    if (this.#lineBytes > this.#limits.lineBytes) this.#refuse('line-too-long');
    if (at < 0) {
      if (this.#refused !== undefined) this.#forgetLine(taken);
      return undefined;
    }
    return this.#endLine();
  }

  #endLine(): FramerEvent | undefined {
    const whole = Buffer.concat(this.#line);
    this.#line = [];
    const line = whole.at(-1) === CR ? whole.subarray(0, -1) : whole;
    const announcement = announcementOf(line);
    if (announcement !== undefined) {
      this.#announced = line.subarray(0, announcement.at);
      this.#literalLeft = announcement.sizeBytes;
      this.#literalBytes += announcement.sizeBytes;
      if (this.#literalBytes > this.#limits.literalBytes) this.#refuse('literal-too-big');
      return undefined;
    }
    const event: FramerEvent =
      this.#refused === undefined
        ? { kind: 'command', frame: [...this.#fragments, { line, literal: undefined }] }
        : { kind: 'refused', reason: this.#refused };
    this.#reset();
    return event;
  }

  #refuse(reason: 'line-too-long' | 'literal-too-big'): void {
    this.#refused ??= reason;
    this.#fragments = [];
  }

  /** Of a line that is too long only the end is of interest: it may announce a literal. */
  #forgetLine(last: Buffer): void {
    this.#skippedBytes += last.length;
    this.#line = [Buffer.concat(this.#line).subarray(-ANNOUNCEMENT_BYTES)];
  }

  #consume(chunk: Buffer, bytes: number): void {
    if (bytes === chunk.length) this.#input.shift();
    else this.#input[0] = chunk.subarray(bytes);
  }

  #reset(): void {
    this.#line = [];
    this.#lineBytes = 0;
    this.#literal = [];
    this.#literalLeft = undefined;
    this.#literalBytes = 0;
    this.#fragments = [];
    this.#refused = undefined;
    this.#skippedBytes = 0;
  }
}

/** `{4294967296+}` and the CR. */
const ANNOUNCEMENT_BYTES = 16;

/**
 *     literal-c2s = "{" number "+}" CRLF *OCTET           ; RFC 5804 §4
 *     number      = (%x31-39 *9DIGIT) / "0"
 *
 * Quirk (clients of the drafts before the RFC): `{number}` without `+`; its octets follow all the same.
 */
function announcementOf(line: Buffer): { readonly at: number; readonly sizeBytes: number } | undefined {
  if (line.at(-1) !== 0x7d) return undefined;
  const from = Math.max(0, line.length - ANNOUNCEMENT_BYTES);
  const match = /\{(\d{1,10})\+?\}$/.exec(line.toString('latin1', from));
  return match === null ? undefined : { at: from + match.index, sizeBytes: Number(match[1]) };
}
