import type { Converted } from '../../../lib/convert/converted.ts';

/** RFC 5259 §8.5: "at least 2". */
const MOST = 2;
/** A longer one is made again. */
const MAX_BYTES = 4 * 1024 * 1024;

/** The last conversions of a selected mailbox: clients ask for the size first, and then for one piece after the other. */
export class ConversionCache {
  readonly #kept = new Map<string, Converted>();

  get(key: string): Converted | undefined {
    return this.#kept.get(key);
  }

  keep(key: string, converted: Converted): void {
    if (converted.bytes.length > MAX_BYTES) return;
    this.#kept.delete(key);
    this.#kept.set(key, converted);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST && oldest !== undefined) this.#kept.delete(oldest);
  }
}
