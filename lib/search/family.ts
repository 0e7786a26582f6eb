/** Where nothing is. */
export const NONE = -1;

/**
 * Who answers whom while threads are made. The first places are the messages, the others dummies: messages that are not
 * there, and that others refer to. Places are numbers and point at each other, for there may be hundreds of thousands.
 */
export class Family {
  /** Places below this are messages. */
  readonly messages: number;
  /** The first of what is below a place, the last of it, and what is next beside a place. */
  readonly child: Int32Array;
  readonly #last: Int32Array;
  readonly next: Int32Array;
  #count: number;

  /** `dummies`: how many there are from the beginning; `more`: how many {@link addDummy} may make. */
  constructor(messages: number, dummies: number, more: number) {
    this.messages = messages;
    this.#count = messages + dummies;
    const none = (): Int32Array => new Int32Array(this.#count + more).fill(NONE);
    [this.child, this.#last, this.next] = [none(), none(), none()];
  }

  /** How many places there are. */
  get count(): number {
    return this.#count;
  }

  isDummy(place: number): boolean {
    return place >= this.messages;
  }

  addDummy(): number {
    if (this.#count >= this.child.length) throw new RangeError('no place is left');
    return this.#count++;
  }

  /** Puts a place, or neighbours from `first` to `last`, below another, behind what is there. */
  adopt(parent: number, first: number, last = first): void {
    const before = this.#last[parent] as number;
    if (before === NONE) this.child[parent] = first;
    else this.next[before] = first;
    this.#last[parent] = last;
    this.next[last] = NONE;
  }

  /** Puts all that is below one place below another. */
  adoptAllOf(parent: number, of: number): void {
    const first = this.child[of] as number;
    if (first !== NONE) this.adopt(parent, first, this.#last[of]);
  }

  /** Takes everything away that is below a place: the first of it is answered, and what is beside that. */
  leave(parent: number): number {
    const first = this.child[parent] as number;
    this.child[parent] = NONE;
    this.#last[parent] = NONE;
    return first;
  }

  /** What is below a place. */
  childrenOf(parent: number): number[] {
    const children: number[] = [];
    for (let at = this.child[parent] as number; at !== NONE; at = this.next[at] as number) children.push(at);
    return children;
  }

  /** Whether several places are below this one. */
  hasSeveral(parent: number): boolean {
    return this.child[parent] !== this.#last[parent];
  }

  /** The places below a place, in another order. */
  arrange(parent: number, children: ArrayLike<number>): void {
    this.leave(parent);
    for (let i = 0; i < children.length; i++) this.adopt(parent, children[i] as number);
  }

  /** Those that are given and all below them, each after everything below it. */
  deepestFirst(roots: readonly number[]): Int32Array {
    const all = new Int32Array(this.#count);
    all.set(roots);
    let count = roots.length;
    for (let at = 0; at < count; at++) {
      for (let one = this.child[all[at] as number] as number; one !== NONE; one = this.next[one] as number)
        all[count++] = one;
    }
    return all.subarray(0, count).reverse();
  }
}
