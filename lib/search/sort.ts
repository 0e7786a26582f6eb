import type { TextKey } from './key-columns.ts';
import { orderOf, type Ranks, ranksOfNumbers, ranksOfTexts } from './ranks.ts';
import type { Sliced } from './slices.ts';
import type { AnnotationAsked, Sortables } from './sortables.ts';
import { TextNumbers } from './text-numbers.ts';

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

/** Whether a key is answered by what the message says of itself, not by its row alone. */
export function needsKeys({ by }: Criterion): boolean {
  return by !== 'ARRIVAL' && by !== 'SIZE' && by !== 'RELEVANCY' && by !== 'ANNOTATION';
}

/** Whether a message is ordered by the key as it was before: not by what the search says of it, or a user. */
export function neverChanges({ by }: Criterion): boolean {
  return by !== 'RELEVANCY' && by !== 'ANNOTATION';
}

/** The UIDs of the messages in the order of the criteria; ties stay as they are. */
export function* sortMessages(messages: Sortables, criteria: readonly Criterion[]): Sliced<number[]> {
  let places: Ranks = { ranks: new Uint32Array(messages.uids.length), count: 1 };
  for (const criterion of criteria) {
    const { ranks, count } = yield* ranksBy(messages, criterion);
    places = yield* refined(places, criterion.reverse ? reversed(ranks, count) : ranks, count);
  }
  const order = yield* orderOf(places.ranks, places.count);
  return Array.from(order, (i) => messages.uids[i] as number);
}

/** When each was sent; without a date that can be read, when it arrived (RFC 5256 §2.2). Seconds since 1970. */
export function sentDatesOf({ keys, internalDates }: Sortables): Float64Array {
  const dates = keys?.sentDates;
  return dates === undefined
    ? internalDates
    : dates.map((date, i) => (Number.isNaN(date) ? (internalDates[i] as number) : date));
}

function reversed(ranks: Uint32Array, count: number): Uint32Array {
  return ranks.map((rank) => count - 1 - rank);
}

/** Places of which those that are equal so far are told apart by others. */
function* refined(places: Ranks, by: Uint32Array, count: number): Sliced<Ranks> {
  if (places.count === 1) return { ranks: by, count };
  const both = new Float64Array(by.length);
  for (let i = 0; i < both.length; i++) both[i] = (places.ranks[i] as number) * count + (by[i] as number);
  return yield* ranksOfNumbers(both);
}

const textKeys: Partial<Record<SortKey, TextKey>> = {
  ...{ CC: 'cc', FROM: 'from', TO: 'to', SUBJECT: 'subject', DISPLAYFROM: 'displayFrom', DISPLAYTO: 'displayTo' },
};

function* ranksBy(messages: Sortables, { by, annotation }: Criterion): Sliced<Ranks> {
  const { uids, internalDates, sizes, keys, relevancy } = messages;
  switch (by) {
    case 'ANNOTATION': {
      const numbers = new TextNumbers();
      const text = (uid: number): string =>
        annotation === undefined ? '' : (messages.annotation?.(uid, annotation) ?? '');
      return yield* ranksOfTexts(
        uids.map((uid) => numbers.numberOf(text(uid))),
        numbers,
      );
    }
    case 'ARRIVAL':
      return yield* ranksOfNumbers(internalDates);
    case 'RELEVANCY':
      // The most relevant first.
      return yield* ranksOfNumbers(Float64Array.from(uids, (uid) => -(relevancy?.get(uid) ?? 0)));
    case 'SIZE':
      return yield* ranksOfNumbers(sizes);
    case 'DATE':
      return yield* ranksOfNumbers(sentDatesOf(messages));
    default: {
      const key = textKeys[by];
      if (key === undefined || keys === undefined) throw new Error(`nothing is known to sort by ${by}`);
      return yield* ranksOfTexts(keys.text(key), keys.numbers);
    }
  }
}
