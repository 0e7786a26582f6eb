import { fold } from '../../../lib/message/fold.ts';
import { threadId } from '../../../lib/search/thread-id.ts';
import { annotationContains } from '../annotations-shown.ts';
import { decodeText } from '../wire/read/text.ts';
import type { Candidate } from './candidate.ts';
import type { Cost, Question } from './question.ts';

const DAY_SECONDS = 86_400;

/** How much of a question can be answered by now: an answer, or undefined while something must be loaded first. */
export function evaluate(question: Question, candidate: Candidate, known: Cost): boolean | undefined {
  switch (question.ask) {
    case 'constant':
      return question.value;
    case 'and':
      return combine(question.all, candidate, known, false);
    case 'or':
      return combine(question.all, candidate, known, true);
    case 'not': {
      const inner = evaluate(question.inner, candidate, known);
      return inner === undefined ? undefined : !inner;
    }
    case 'uids':
      return question.uids.has(candidate.uid);
    case 'bits':
      return (candidate.bits & question.bits) !== 0n;
    case 'recent':
      return candidate.isRecent;
    case 'seq':
      return candidate.seq >= question.atLeast;
    default:
      return order[costOf(question)] <= order[known] ? answer(question, candidate) : undefined;
  }
}

const order: Readonly<Record<Cost, number>> = { view: 0, row: 1, annotations: 2, gist: 3, header: 4, text: 5 };

type Costly = Exclude<
  Question,
  { readonly ask: 'constant' | 'and' | 'or' | 'not' | 'uids' | 'bits' | 'recent' | 'seq' }
>;

function costOf({ ask }: Costly): Cost {
  switch (ask) {
    case 'size':
    case 'internal':
    case 'internal-day':
    case 'saved-day':
    case 'email':
      return 'row';
    case 'annotation':
      return 'annotations';
    case 'sent-day':
    case 'field':
    case 'thread':
      return 'gist';
    case 'header':
      return 'header';
    case 'text':
      return 'text';
  }
}

/** An `and` is decided by one false, an `or` by one true. */
function combine(all: readonly Question[], candidate: Candidate, known: Cost, decisive: boolean): boolean | undefined {
  let isOpen = false;
  for (const question of all) {
    const value = evaluate(question, candidate, known);
    if (value === decisive) return decisive;
    isOpen ||= value === undefined;
  }
  return isOpen ? undefined : !decisive;
}

function answer(question: Costly, candidate: Candidate): boolean | undefined {
  const { row, gist } = candidate;
  // What is gone is in no result (RFC 2180 §4.3).
  if (row === undefined) return false;
  switch (question.ask) {
    case 'size':
      return row.sizeBytes > question.above && row.sizeBytes < question.below;
    case 'internal':
      return row.internalDate >= question.atLeast && row.internalDate <= question.atMost;
    case 'internal-day':
      return isWithin(Math.floor(row.internalDate / DAY_SECONDS), question);
    case 'saved-day':
      return isWithin(Math.floor(row.savedDate / DAY_SECONDS), question);
    case 'sent-day':
      // RFC 9051 §6.4.4: the date as it is written, whatever the zone.
      return gist?.sentDay !== undefined && isWithin(gist.sentDay, question);
    case 'email':
      return row.blob === question.id;
    case 'thread':
      return gist !== undefined && threadId(gist) === question.id;
    case 'field':
      return gist?.texts[question.field].includes(question.needle) === true;
    case 'annotation': {
      const { isMeant, scope, user, needle } = question;
      return annotationContains(candidate.annotations, isMeant, scope, user, (value) =>
        fold(decodeText(value)).includes(needle),
      );
    }
    case 'header':
      return candidate.headerContains(question.name, question.needle);
    case 'text':
      return candidate.textAnswer(question);
  }
}

function isWithin(day: number, { from, before }: { readonly from: number; readonly before: number }): boolean {
  return day >= from && day < before;
}
