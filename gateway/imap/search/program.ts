import { decodeCharset, knowsCharset } from '../../../lib/message/charset.ts';
import type { UidSet } from '../../../lib/store/uid-set.ts';
import { enableCondstore } from '../commands/enable.ts';
import type { Context } from '../context.ts';
import { Refused } from '../errors.ts';
import { bad, no } from '../reply.ts';
import type { Selected } from '../selected.ts';
import type { SearchProgram } from '../wire/commands.ts';
import { decodeText } from '../wire/read/text.ts';
import type { SearchKey } from '../wire/search-key.ts';
import { badCharset } from '../wire/write/response-code.ts';
import { type Closeness, type Question, questionOf } from './question.ts';
import { runSearch } from './run-search.ts';

/** Of the charsets that are understood, those a client should choose from. */
const CHARSETS = [
  'US-ASCII',
  'UTF-8',
  'ISO-8859-1',
  'ISO-8859-15',
  'WINDOWS-1252',
  'KOI8-R',
  'SHIFT_JIS',
  'GB18030',
  'BIG5',
  'EUC-KR',
];

/** What a search programme found. */
export interface Found {
  /** Ascending. */
  readonly uids: readonly number[];
  /** The search asked about modification sequences: the answer tells the highest (RFC 7162 §3.1.5). */
  readonly aboutModSeq: boolean;
  /** Scores of 1 to 100 by UID (RFC 6203 §4), where a key was FUZZY; it searches again. */
  readonly relevancy: (() => Promise<ReadonlyMap<number, number>>) | undefined;
}

/** When a search that begins now ends unanswered, in milliseconds of `performance.now()`. */
export function deadlineOf({ options }: Context): number {
  return performance.now() + options.limits.searchMs;
}

/** Runs what SEARCH, SORT, THREAD and ESEARCH have in common (RFC 9051 §6.4.4, RFC 5256 §3, RFC 7377 §2); `among`: of these messages. */
export async function runProgram(
  context: Context,
  { charset, key }: SearchProgram,
  selected: Selected = context.selected,
  endAt = deadlineOf(context),
  among?: UidSet,
): Promise<Found> {
  if (charset !== null && !knowsCharset(charset)) throw new Refused(no('Unknown charset', badCharset(CHARSETS)));
  const aboutModSeq = asks(key, 'modseq');
  if (aboutModSeq) enableCondstore(context);
  const isPlain = charset === null || charset === 'US-ASCII' || charset === 'UTF-8';
  const decode = isPlain ? decodeText : (bytes: Buffer) => decodeCharset(bytes, charset);
  const nowMs = context.options.clock.now();
  const within = (asked: Question): Question =>
    among === undefined ? asked : { ask: 'and', all: [{ ask: 'uids', uids: among }, asked] };
  const find = (closeness: Closeness): Promise<number[]> =>
    runSearch(
      context,
      within(questionOf(key, { selected, decode, nowMs, closeness, isFuzzy: false })),
      selected,
      endAt,
    );
  const uids = await find('stems');
  return { uids, aboutModSeq, relevancy: asks(key, 'fuzzy') ? () => scoresOf(uids, find) : undefined };
}

/** RFC 6203 §4: the closer to what was asked for, the more relevant. */
async function scoresOf(
  uids: readonly number[],
  find: (closeness: Closeness) => Promise<number[]>,
): Promise<Map<number, number>> {
  const scores = new Map(uids.map((uid) => [uid, 50]));
  for (const [closeness, score] of [
    ['words', 75],
    ['phrase', 100],
  ] as const) {
    for (const uid of await find(closeness)) if (scores.has(uid)) scores.set(uid, score);
  }
  return scores;
}

/** RFC 6203 §4, §5: there is no relevancy without FUZZY. */
export async function relevancyOf(found: Found): Promise<ReadonlyMap<number, number>> {
  if (found.relevancy === undefined) throw new Refused(bad('RELEVANCY needs a FUZZY search key'));
  return found.relevancy();
}

/** Whether messages are named by their numbers; `$` names none (RFC 9586 §3.5). */
export function namesNumbers(key: SearchKey): boolean {
  switch (key.key) {
    case 'sequence':
      return key.set !== '$';
    case 'and':
      return key.keys.some(namesNumbers);
    case 'or':
      return namesNumbers(key.left) || namesNumbers(key.right);
    case 'not':
    case 'fuzzy':
      return namesNumbers(key.inner);
    default:
      return false;
  }
}

/** Whether a key of the kind is in the key. */
export function asks(key: SearchKey, kind: SearchKey['key']): boolean {
  if (key.key === kind) return true;
  switch (key.key) {
    case 'and':
      return key.keys.some((inner) => asks(inner, kind));
    case 'or':
      return asks(key.left, kind) || asks(key.right, kind);
    case 'not':
    case 'fuzzy':
      return asks(key.inner, kind);
    default:
      return false;
  }
}
