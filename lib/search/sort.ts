import type { Gist } from './gist.ts';
import { type Sliced, sorted } from './slices.ts';

/** A message that is put in order. */
export interface Sortable {
  readonly uid: number;
  /** INTERNALDATE, seconds since 1970. */
  readonly internalDate: number;
  readonly sizeBytes: number;
  /** Undefined only where no key asks for it. */
  readonly gist: Gist | undefined;
  /** RFC 6203 §4: 1 to 100; only where it is asked for. */
  readonly relevancy?: number;
  /** RFC 5257 §4.9: the folded value of one annotation; only where it is asked for. */
  readonly annotation?: (asked: AnnotationAsked) => string;
}

/** Which annotation messages are ordered by. */
export interface AnnotationAsked {
  readonly entry: string;
  readonly scope: 'private' | 'shared';
}

/** What messages are ordered by (RFC 5256 §3, RFC 5957 §3, RFC 6203 §5, RFC 5257 §4.9). */
export type SortKey =
  | 'ANNOTATION'
  | 'ARRIVAL'
  | 'CC'
  | 'DATE'
  | 'DISPLAYFROM'
  | 'DISPLAYTO'
  | 'FROM'
  | 'RELEVANCY'
  | 'SIZE'
  | 'SUBJECT'
  | 'TO';

export interface Criterion {
  readonly by: SortKey;
  readonly reverse: boolean;
  readonly annotation?: AnnotationAsked;
}

/** Whether a key is answered by a message's gist, not by its row alone. */
export function needsGist({ by }: Criterion): boolean {
  return by !== 'ARRIVAL' && by !== 'SIZE' && by !== 'RELEVANCY' && by !== 'ANNOTATION';
}

type Column = { readonly sign: 1 | -1; readonly values: readonly (string | number)[] };

/** The UIDs of the messages, which come in ascending order, in the order of the criteria; ties stay as they are. */
export function* sortMessages(messages: readonly Sortable[], criteria: readonly Criterion[]): Sliced<number[]> {
  const columns = criteria.map(
    (criterion): Column => ({
      sign: criterion.reverse ? -1 : 1,
      values: messages.map((message) => valueBy(message, criterion)),
    }),
  );
  const order = yield* sorted([...messages.keys()], (a, b) => {
    for (const { sign, values } of columns) {
      const [left, right] = [values[a] ?? '', values[b] ?? ''];
      if (left !== right) return left < right ? -sign : sign;
    }
    return a - b;
  });
  return order.map((i) => messages[i]?.uid ?? 0);
}

/** When the message was sent; without a date that can be read, when it arrived (RFC 5256 §2.2). */
export function sentDateOf({ gist, internalDate }: Sortable): number {
  return gist?.sentDate ?? internalDate;
}

function valueBy(message: Sortable, { by, annotation }: Criterion): string | number {
  const { gist } = message;
  switch (by) {
    case 'ANNOTATION':
      return annotation === undefined ? '' : (message.annotation?.(annotation) ?? '');
    case 'ARRIVAL':
      return message.internalDate;
    case 'RELEVANCY':
      // The most relevant first.
      return -(message.relevancy ?? 0);
    case 'SIZE':
      return message.sizeBytes;
    case 'DATE':
      return sentDateOf(message);
    case 'CC':
      return gist?.cc ?? '';
    case 'FROM':
      return gist?.from ?? '';
    case 'TO':
      return gist?.to ?? '';
    case 'SUBJECT':
      return gist?.subject ?? '';
    case 'DISPLAYFROM':
      return gist?.displayFrom ?? '';
    case 'DISPLAYTO':
      return gist?.displayTo ?? '';
  }
}
