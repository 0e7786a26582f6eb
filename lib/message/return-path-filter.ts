import { nextLf } from './next-lf.ts';

const CR = 0x0d;
const LF = 0x0a;
const SP = 0x20;
const TAB = 0x09;
const CAPITAL_R = 0x52;
const SMALL_R = 0x72;
const FIELD = /^return-path[ \t]*:/i;
/** Longest beginning of a line that is held back to see which field it is. */
const NAME_BYTES = 64;
const NONE = Buffer.alloc(0);

/**
 * Takes Return-Path fields out of the header of a message whose lines end with CRLF: there must be exactly one, and we are
 * who writes it (RFC 5321 §4.4). All else passes untouched; holds at most the name of one field.
 */
export class ReturnPathFilter {
  #state: 'line-start' | 'keeping' | 'dropping' | 'body' = 'line-start';
  /** Beginning of a line that is not decided yet. */
  #held: Buffer = NONE;
  /** Whether the field that a folded line would belong to is dropped. */
  #dropsFolded = false;

  /** What stays of the chunk; the chunk itself when nothing goes. */
  push(chunk: Buffer): Buffer {
    if (this.#state === 'body') return chunk;
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = NONE;
    const kept: Buffer[] = [];
    let keptFrom = 0;
    let keptTo = 0;
    for (let at = 0; at < bytes.length; ) {
      if (this.#state === 'line-start') {
        const decided = this.#decide(bytes, at);
        if (decided === undefined) {
          this.#held = bytes.subarray(at);
          break;
        }
        this.#state = decided;
      }
      const lf = this.#state === 'body' ? -1 : nextLf(bytes, at);
      const end = lf === -1 ? bytes.length : lf + 1;
      if (this.#state !== 'dropping') {
        if (at !== keptTo) {
          kept.push(bytes.subarray(keptFrom, keptTo));
          keptFrom = at;
        }
        keptTo = end;
      }
      if (lf !== -1) this.#state = 'line-start';
      at = end;
    }
    kept.push(bytes.subarray(keptFrom, keptTo));
    return kept.length === 1 && kept[0] !== undefined ? kept[0] : Buffer.concat(kept);
  }

  /** What is still held when the message ends. */
  end(): Buffer {
    const rest = this.#held;
    this.#held = NONE;
    return rest;
  }

  /** What to do with the line at `at`, by its first bytes; undefined when they are too few. */
  #decide(bytes: Buffer, at: number): 'keeping' | 'dropping' | 'body' | undefined {
    const first = bytes[at];
    if (first === SP || first === TAB) return this.#dropsFolded ? 'dropping' : 'keeping';
    if (first === CR && at + 1 === bytes.length) return undefined;
    if (first === CR && bytes[at + 1] === LF) return 'body';
    if (first === CAPITAL_R || first === SMALL_R) {
      const start = bytes.toString('latin1', at, at + NAME_BYTES);
      if (start.length < NAME_BYTES && !/[\n:]/.test(start)) return undefined;
      this.#dropsFolded = FIELD.test(start);
    } else this.#dropsFolded = false;
    return this.#dropsFolded ? 'dropping' : 'keeping';
  }
}
