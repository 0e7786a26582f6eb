/** System flags as bits of a flag set; keyword k of the mailbox's table (Rule 8) is bit `KEYWORD_SHIFT + k`. */
export const SEEN = 1;
export const ANSWERED = 2;
export const FLAGGED = 4;
export const DELETED = 8;
export const DRAFT = 16;
export const SYSTEM_MASK = 31;
export const KEYWORD_SHIFT = 5;

/** Keywords per mailbox. */
export const MAX_KEYWORDS = 128;

/** The flags of a message: system flags, and keywords by their number in the mailbox's table. */
export interface Flags {
  readonly system: number;
  /** Ascending. */
  readonly keywords: readonly number[];
}

export function flagBits({ system, keywords }: Flags): bigint {
  let bits = BigInt(system);
  for (const keyword of keywords) bits |= 1n << BigInt(KEYWORD_SHIFT + keyword);
  return bits;
}

export function flagsOf(bits: bigint): Flags {
  const keywords: number[] = [];
  for (let rest = bits >> BigInt(KEYWORD_SHIFT), k = 0; rest > 0n; rest >>= 1n, k++) if (rest & 1n) keywords.push(k);
  return { system: Number(bits & BigInt(SYSTEM_MASK)), keywords };
}

/**
 * The distinct flag sets of one mailbox: messages hold a small number instead of a set, and a STORE over all of them
 * computes once per distinct set. Only ever grows, so views of all ages share it.
 */
export class FlagSets {
  readonly #bits: bigint[] = [];
  /** The system flags of each set: asked for a million times in a row, which bigints make slow. */
  readonly #system: number[] = [];
  readonly #index = new Map<bigint, number>();

  indexOf(bits: bigint): number {
    const known = this.#index.get(bits);
    if (known !== undefined) return known;
    const index = this.#bits.push(bits) - 1;
    this.#system.push(Number(bits & BigInt(SYSTEM_MASK)));
    this.#index.set(bits, index);
    return index;
  }

  bitsAt(index: number): bigint {
    const bits = this.#bits[index];
    if (bits === undefined) throw new RangeError(`flag set ${index} of ${this.#bits.length}`);
    return bits;
  }

  systemAt(index: number): number {
    const system = this.#system[index];
    if (system === undefined) throw new RangeError(`flag set ${index} of ${this.#bits.length}`);
    return system;
  }
}
