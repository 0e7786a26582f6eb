/** About what a text takes beside its characters: in the map, in the list, and of its own. */
const TEXT_BYTES = 100;

/** Texts that are compared over and over, as numbers: equal texts have the same one. 0 is the empty text. */
export class TextNumbers {
  readonly #numbers = new Map<string, number>([['', 0]]);
  readonly #texts: string[] = [''];
  #bytes = 0;

  /** Every number is below this. */
  get count(): number {
    return this.#texts.length;
  }

  /** What it holds, in bytes, about. */
  get bytes(): number {
    return this.#bytes;
  }

  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.#texts.push(text) - 1;
    this.#numbers.set(text, number);
    this.#bytes += TEXT_BYTES + text.length * 2;
    return number;
  }

  textOf(number: number): string {
    return this.#texts[number] ?? '';
  }
}
