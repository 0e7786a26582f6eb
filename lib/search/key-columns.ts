import type { Gist } from './gist.ts';
import type { TextNumbers } from './text-numbers.ts';

/** The texts of a gist that messages are compared by. */
export type TextKey = 'subject' | 'from' | 'to' | 'cc' | 'displayFrom' | 'displayTo' | 'messageId';

/** What SORT and THREAD compare of some messages, by row: columns of numbers, texts as their {@link TextNumbers}. */
export interface KeyColumns {
  /** 1 where the row is filled. */
  readonly known: Uint8Array;
  readonly texts: Readonly<Record<TextKey, Uint32Array>>;
  /** Numbers of the ids, the oldest first. */
  readonly references: (readonly number[])[];
  /** 1 where the subject is that of a reply or a forwarded message. */
  readonly replies: Uint8Array;
  /** Seconds since 1970; NaN without a date that can be read. */
  readonly sentDates: Float64Array;
}

/** What a row takes, in bytes, filled or not, but for its references. */
export const ROW_BYTES = 2 + 7 * 4 + 8 + 8;
const REFERENCES_BYTES = 32;

const NONE: readonly number[] = [];

export function keyColumns(rows: number): KeyColumns {
  const numbers = (): Uint32Array => new Uint32Array(rows);
  return {
    known: new Uint8Array(rows),
    texts: {
      ...{ subject: numbers(), from: numbers(), to: numbers(), cc: numbers() },
      ...{ displayFrom: numbers(), displayTo: numbers(), messageId: numbers() },
    },
    references: Array.from({ length: rows }, () => NONE),
    replies: new Uint8Array(rows),
    sentDates: new Float64Array(rows).fill(Number.NaN),
  };
}

/** Fills a row; `undefined`: of a message whose data are gone, whose texts are empty. Answers the bytes that it takes more, about. */
export function fillRow(columns: KeyColumns, row: number, gist: Gist | undefined, numbers: TextNumbers): number {
  columns.known[row] = 1;
  if (gist === undefined) return 0;
  const { texts } = columns;
  texts.subject[row] = numbers.numberOf(gist.subject);
  texts.from[row] = numbers.numberOf(gist.from);
  texts.to[row] = numbers.numberOf(gist.to);
  texts.cc[row] = numbers.numberOf(gist.cc);
  texts.displayFrom[row] = numbers.numberOf(gist.displayFrom);
  texts.displayTo[row] = numbers.numberOf(gist.displayTo);
  texts.messageId[row] = numbers.numberOf(gist.messageId ?? '');
  columns.replies[row] = gist.isReplyOrForward ? 1 : 0;
  columns.sentDates[row] = gist.sentDate ?? Number.NaN;
  if (gist.references.length === 0) return 0;
  columns.references[row] = gist.references.map((id) => numbers.numberOf(id));
  return REFERENCES_BYTES + 8 * gist.references.length;
}

/** Rows of columns that were made together. */
export interface KeyRows {
  readonly columns: KeyColumns;
  readonly rows: Uint32Array;
}

/** The keys of messages in their order, which lie in columns by block; a column is put together when it is asked for. */
export class Keys {
  readonly numbers: TextNumbers;
  readonly #parts: readonly KeyRows[];
  readonly #count: number;

  constructor(numbers: TextNumbers, parts: readonly KeyRows[]) {
    this.numbers = numbers;
    this.#parts = parts;
    this.#count = parts.reduce((sum, { rows }) => sum + rows.length, 0);
  }

  text(key: TextKey): Uint32Array {
    return this.#gather(new Uint32Array(this.#count), ({ texts }) => texts[key]);
  }

  get replies(): Uint8Array {
    return this.#gather(new Uint8Array(this.#count), ({ replies }) => replies);
  }

  get sentDates(): Float64Array {
    return this.#gather(new Float64Array(this.#count), ({ sentDates }) => sentDates);
  }

  get references(): readonly (readonly number[])[] {
    const found: (readonly number[])[] = [];
    for (const { columns, rows } of this.#parts) for (const row of rows) found.push(columns.references[row] ?? NONE);
    return found;
  }

  #gather<Column extends Uint8Array | Uint32Array | Float64Array>(
    to: Column,
    of: (columns: KeyColumns) => Column,
  ): Column {
    let at = 0;
    for (const { columns, rows } of this.#parts) {
      const from = of(columns);
      for (let i = 0; i < rows.length; i++) to[at++] = from[rows[i] as number] as number;
    }
    return to;
  }
}
