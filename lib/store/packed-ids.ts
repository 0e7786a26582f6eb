import { type Id, idFromBytes, idToBytes } from '../base/ids.ts';

const ID_BYTES = 16;

/** Ids that are added in ascending order, 16 bytes each: a space of two million messages takes 32 MB. */
export class PackedIds implements Iterable<Id> {
  #bytes = Buffer.allocUnsafe(64 * ID_BYTES);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(id: Id): void {
    const at = this.#size * ID_BYTES;
    if (at === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, Buffer.allocUnsafe(this.#bytes.length)]);
    idToBytes(id).copy(this.#bytes, at);
    this.#size++;
  }

  has(id: Id): boolean {
    const wanted = idToBytes(id);
    let [low, high] = [0, this.#size];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(middle, wanted) < 0) low = middle + 1;
      else high = middle;
    }
    return low < this.#size && this.#compare(low, wanted) === 0;
  }

  *[Symbol.iterator](): Generator<Id> {
    for (let i = 0; i < this.#size; i++) yield idFromBytes(this.#bytes.subarray(i * ID_BYTES, (i + 1) * ID_BYTES));
  }

  #compare(index: number, wanted: Buffer): number {
    return this.#bytes.compare(wanted, 0, ID_BYTES, index * ID_BYTES, (index + 1) * ID_BYTES);
  }
}
