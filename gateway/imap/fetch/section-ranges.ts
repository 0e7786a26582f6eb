import type { Id } from '../../../lib/base/ids.ts';
import type { ByteRange } from '../../../lib/message/section.ts';
import type { Section } from '../wire/fetch-item.ts';

/** More sections of one message than a client has under way at a time. */
const SECTIONS = 16;

/**
 * Where the sections of one message are from which a client fetches pieces: a part of 10 MB in pieces of 10 KB needs its
 * summary once, not a thousand times. Blobs never change, so what is held stays right.
 */
export class SectionRanges {
  #blob: Id | undefined;
  readonly #ranges = new Map<string, ByteRange>();

  get(blob: Id, section: Section): ByteRange | undefined {
    return this.#blob === blob ? this.#ranges.get(JSON.stringify(section)) : undefined;
  }

  /** Holds a range; those of another message, or too many, are forgotten. */
  hold(blob: Id, section: Section, range: ByteRange): void {
    if (this.#blob !== blob || this.#ranges.size >= SECTIONS) this.#ranges.clear();
    this.#blob = blob;
    this.#ranges.set(JSON.stringify(section), range);
  }
}
