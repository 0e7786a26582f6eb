import type { ByteReader, ByteWriter } from '../base/bytes.ts';

/** A set of UIDs (1 .. 2^32 - 1) as ascending, non-adjacent inclusive ranges. Immutable. */
export class UidSet implements Iterable<number> {
  static readonly empty = new UidSet([]);

  /** from, to, from, to, ... */
  readonly #bounds: readonly number[];

  private constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
  }

  /** From inclusive ranges that `fill` adds in strictly ascending order. */
  static build(fill: (add: (from: number, to: number) => void) => void): UidSet {
    const bounds: number[] = [];
    let last = -1;
    fill((from, to) => {
      if (from === last + 1 && bounds.length > 0) bounds[bounds.length - 1] = to;
      else bounds.push(from, to);
      last = to;
    });
    return bounds.length === 0 ? UidSet.empty : new UidSet(bounds);
  }

  /** From UIDs in strictly ascending order. */
  static fromSorted(uids: Iterable<number>): UidSet {
    return UidSet.build((add) => {
      for (const uid of uids) add(uid, uid);
    });
  }

  /** From inclusive ranges in any order, which may overlap. */
  static fromRanges(ranges: Iterable<readonly [number, number]>): UidSet {
    const sorted = [...ranges].map(([a, b]) => (a <= b ? [a, b] : [b, a]) as [number, number]);
    sorted.sort((a, b) => a[0] - b[0]);
    const bounds: number[] = [];
    for (const [from, to] of sorted) {
      const end = bounds.at(-1);
      if (end !== undefined && from <= end + 1) bounds[bounds.length - 1] = Math.max(end, to);
      else bounds.push(from, to);
    }
    return bounds.length === 0 ? UidSet.empty : new UidSet(bounds);
  }

  static of(...uids: number[]): UidSet {
    return UidSet.fromSorted(uids.sort((a, b) => a - b).filter((uid, i) => uid !== uids[i - 1]));
  }

  get isEmpty(): boolean {
    return this.#bounds.length === 0;
  }

  /** How many UIDs. */
  get size(): number {
    let size = 0;
    for (const [from, to] of this.ranges()) size += to - from + 1;
    return size;
  }

  get first(): number | undefined {
    return this.#bounds[0];
  }

  get last(): number | undefined {
    return this.#bounds.at(-1);
  }

  *ranges(): Generator<readonly [from: number, to: number]> {
    for (let i = 0; i < this.#bounds.length; i += 2) yield [this.#bounds[i] as number, this.#bounds[i + 1] as number];
  }

  *[Symbol.iterator](): Generator<number> {
    for (const [from, to] of this.ranges()) for (let uid = from; uid <= to; uid++) yield uid;
  }

  has(uid: number): boolean {
    const from = this.#bounds[2 * this.#rangeAt(uid)];
    return from !== undefined && from <= uid;
  }

  /** Whether any UID of the inclusive range is in the set. */
  intersects(from: number, to: number): boolean {
    const start = this.#bounds[2 * this.#rangeAt(from)];
    return start !== undefined && start <= to;
  }

  /** Whether all UIDs of the inclusive range are in the set. */
  covers(from: number, to: number): boolean {
    const at = 2 * this.#rangeAt(from);
    const start = this.#bounds[at];
    return start !== undefined && start <= from && (this.#bounds[at + 1] as number) >= to;
  }

  /** Those of the inclusive range. */
  within(from: number, to: number): UidSet {
    const bounds: number[] = [];
    for (let i = 2 * this.#rangeAt(from); i < this.#bounds.length; i += 2) {
      const start = this.#bounds[i] as number;
      if (start > to) break;
      bounds.push(Math.max(start, from), Math.min(this.#bounds[i + 1] as number, to));
    }
    return bounds.length === 0 ? UidSet.empty : new UidSet(bounds);
  }

  /** Index of the first range that ends at or after the UID. */
  #rangeAt(uid: number): number {
    let low = 0;
    let high = this.#bounds.length / 2;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#bounds[2 * middle + 1] as number) < uid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** All that are in any of the sets; many at once cost far less than one after the other. */
  static union(sets: Iterable<UidSet>): UidSet {
    const ranges: (readonly [number, number])[] = [];
    for (const set of sets) for (const range of set.ranges()) ranges.push(range);
    return UidSet.fromRanges(ranges);
  }

  union(other: UidSet): UidSet {
    if (other.isEmpty) return this;
    if (this.isEmpty) return other;
    return UidSet.fromRanges([...this.ranges(), ...other.ranges()]);
  }

  minus(other: UidSet): UidSet {
    if (other.isEmpty || this.isEmpty) return this;
    const left: [number, number][] = [];
    const cuts = [...other.ranges()];
    let at = 0;
    for (const [first, to] of this.ranges()) {
      let from = first;
      while (at < cuts.length && (cuts[at] as readonly [number, number])[1] < from) at++;
      for (let i = at; i < cuts.length && from <= to; i++) {
        const [cutFrom, cutTo] = cuts[i] as readonly [number, number];
        if (cutFrom > to) break;
        if (cutFrom > from) left.push([from, cutFrom - 1]);
        from = Math.max(from, cutTo + 1);
      }
      if (from <= to) left.push([from, to]);
    }
    return UidSet.fromRanges(left);
  }

  /** Number of ranges, then per range the gap before it and its length less one. */
  write(to: ByteWriter): void {
    to.varint(this.#bounds.length / 2);
    let last = 0;
    for (const [from, end] of this.ranges()) {
      to.varint(from - last).varint(end - from);
      last = end;
    }
  }

  static read(from: ByteReader): UidSet {
    const count = from.varint();
    const bounds: number[] = [];
    let last = 0;
    for (let i = 0; i < count; i++) {
      const start = last + from.varint();
      last = start + from.varint();
      bounds.push(start, last);
    }
    return bounds.length === 0 ? UidSet.empty : new UidSet(bounds);
  }

  toString(): string {
    return [...this.ranges()].map(([from, to]) => (from === to ? `${from}` : `${from}:${to}`)).join(',');
  }
}
