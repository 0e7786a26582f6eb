import { BoundedCache } from '../../../lib/base/bounded-cache.ts';
import type { Id } from '../../../lib/base/ids.ts';
import type { Summary } from '../../../lib/message/summary.ts';
import { gistOf } from '../../../lib/search/gist.ts';
import { threadId } from '../../../lib/search/thread-id.ts';
import type { FetchItem } from '../wire/fetch-item.ts';
import type { Dialect } from '../wire/read/reader.ts';
import { bodyStructure } from '../wire/write/body-structure.ts';
import { envelope } from '../wire/write/envelope.ts';
import { string } from '../wire/write/text.ts';

/** The texts of a message that were written lately: clients ask for the same again, and a blob never changes. */
export class SummaryTexts {
  readonly #cache: BoundedCache<string, string>;

  /** `maxBytes`: about what it may hold. */
  constructor(maxBytes: number) {
    // A key takes about 100 bytes, a character that is not ASCII two.
    this.#cache = new BoundedCache(maxBytes, (text) => 100 + text.length * 2);
  }

  /** What it holds, in bytes, about. */
  get bytes(): number {
    return this.#cache.bytes;
  }

  /** The text of the item, if it is here; only asked for items that {@link isSummaryText}. */
  get(item: FetchItem, blob: Id, dialect: Dialect): string | undefined {
    return this.#cache.get(keyOf(item, blob, dialect));
  }

  /** The text of the item, made of the summary. */
  make(item: FetchItem, blob: Id, summary: Summary, dialect: Dialect): string {
    const text = textOf(item, summary, dialect);
    this.#cache.put(keyOf(item, blob, dialect), text);
    return text;
  }
}

/** Whether an item is written from the message's summary alone. */
export function isSummaryText({ item }: FetchItem): boolean {
  return ['BODY', 'BODYSTRUCTURE', 'ENVELOPE', 'PREVIEW', 'THREADID'].includes(item);
}

function keyOf({ item }: FetchItem, blob: Id, { utf8 }: Dialect): string {
  return `${item}${utf8 ? 8 : 7}${blob}`;
}

function textOf(item: FetchItem, summary: Summary, dialect: Dialect): string {
  switch (item.item) {
    case 'BODY':
    case 'BODYSTRUCTURE':
      return `${item.item} ${bodyStructure(summary.structure, item.item, dialect)}`;
    case 'ENVELOPE':
      return `ENVELOPE ${envelope(summary.envelope, dialect)}`;
    case 'PREVIEW':
      return `PREVIEW ${string(summary.preview, dialect)}`;
    case 'THREADID': {
      // RFC 8474 §5.2: NIL where nothing joins the message to others.
      const id = threadId(gistOf(summary));
      return `THREADID ${id === undefined ? 'NIL' : `(${id})`}`;
    }
    default:
      throw new Error(`${item.item} is not made of a summary`);
  }
}
