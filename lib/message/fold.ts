/**
 * Text as SEARCH compares it, in the spirit of i;unicode-casemap (RFC 5051): compatibility forms decomposed, case
 * removed. Two texts match when their folded forms do.
 */
export function fold(text: string): string {
  if (isAscii.test(text)) return text.toLowerCase();
  // Upper case first: what has no single lower case form, such as "ß" and "SS", meets there.
  return text.normalize('NFKD').toUpperCase().toLowerCase().normalize('NFKD');
}

/** Looks for a text in a stream of texts, across their seams; the needle is folded once. */
export class FoldedSearch {
  readonly #needle: string;
  #tail = '';
  #found: boolean;

  constructor(needle: string) {
    this.#needle = fold(needle);
    // Everything contains the empty string (RFC 9051 §6.4.4).
    this.#found = this.#needle === '';
  }

  get found(): boolean {
    return this.#found;
  }

  /** Takes the next piece, and says whether the needle has been seen. */
  feed(text: string): boolean {
    if (this.#found) return true;
    const hay = this.#tail + fold(text);
    this.#found = hay.includes(this.#needle);
    this.#tail = hay.slice(Math.max(0, hay.length - this.#needle.length + 1));
    return this.#found;
  }

  /** Forgets the seam: what follows does not continue what came before. */
  separate(): void {
    this.#tail = '';
  }
}

const isAscii = /^[\0-\x7f]*$/;
