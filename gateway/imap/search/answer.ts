import { UidSet } from '../../../lib/store/uid-set.ts';
import type { Context } from '../context.ts';
import { modSeqOf } from '../mod-seq.ts';
import { inPartialRange } from '../partial-range.ts';
import type { Selected } from '../selected.ts';
import { isRange, isUpdateFetch, type PartialRange, type SearchReturn } from '../wire/search-key.ts';
import { type ExtendedResult, esearch, rangesInOrder, searched } from '../wire/write/search.ts';
import type { Found } from './program.ts';

/** What is answered of a search, and as what. */
export interface Answer {
  readonly response: 'SEARCH' | 'SORT';
  /** UIDs are answered, not sequence numbers. */
  readonly uid: boolean;
  /** The messages in the order of the answer. */
  readonly uids: readonly number[];
  readonly aboutModSeq: Found['aboutModSeq'];
  /** Scores by UID, where they are asked for (RFC 6203 §4). */
  readonly relevancy?: ReadonlyMap<number, number> | undefined;
  /** The mailbox that was searched, */
  readonly selected: Selected;
  /** and what it is, where the answer must say so (RFC 7377 §2.1). */
  readonly from?: ExtendedResult['from'];
}

/** Writes the untagged response to SEARCH or SORT; null is the plain one. */
export function writeAnswer(
  context: Context,
  answer: Answer,
  returns: readonly SearchReturn[] | null,
  tag: string,
): void {
  if (returns === null) {
    const modSeq = answer.aboutModSeq ? highest(answer) : null;
    context.write(searched(answer.response, numbers(answer), modSeq));
  } else writeExtended(context, answer, returns, tag);
}

function writeExtended(context: Context, answer: Answer, returns: readonly SearchReturn[], tag: string): void {
  const asked = returns.filter(
    (option) => option !== 'SAVE' && option !== 'UPDATE' && option !== 'CONTEXT' && !isUpdateFetch(option),
  );
  // RFC 5182 §2.1: SAVE alone answers nothing.
  if (asked.length === 0) return;
  const all = numbers(answer);
  const range = asked.find(isRange);
  // RFC 7162 §3.1.10: of MIN and MAX alone, only those messages count; RFC 9394 §3.1: of PARTIAL those of the range.
  const counted = isLimited(asked) ? limited(answer.uids, asked) : answer.uids;
  const result: ExtendedResult = {
    tag,
    from: answer.from,
    uid: answer.uid,
    min: asked.includes('MIN') ? (all.at(0) ?? null) : null,
    max: asked.includes('MAX') ? (all.at(-1) ?? null) : null,
    count: asked.includes('COUNT') ? all.length : null,
    all: asked.includes('ALL') ? rangesInOrder(all) : null,
    partial: range ? { range, found: rangesInOrder(inPartialRange(all, range)) } : null,
    relevancy: asked.includes('RELEVANCY') ? scores(answer, range) : null,
    modSeq: answer.aboutModSeq && counted.length > 0 ? highest({ ...answer, uids: counted }) : null,
  };
  context.write(esearch(result, context.dialect));
}

/** The messages that SAVE keeps: with MIN, MAX or PARTIAL and nothing more only those (RFC 5182 §2.4, RFC 9394 §3.1). */
export function toSave(uids: readonly number[], returns: readonly SearchReturn[]): UidSet {
  const kept = isLimited(returns) ? limited(uids, returns) : uids;
  return UidSet.fromSorted([...new Set(kept)].sort((a, b) => a - b));
}

/** Whether some messages are asked for, but nothing about all. */
function isLimited(returns: readonly SearchReturn[]): boolean {
  const some = returns.some((option) => option === 'MIN' || option === 'MAX' || isRange(option));
  return some && !returns.includes('ALL') && !returns.includes('COUNT');
}

function limited(uids: readonly number[], returns: readonly SearchReturn[]): number[] {
  return returns.flatMap((option) => {
    if (option === 'MIN') return uids.slice(0, 1);
    if (option === 'MAX') return uids.slice(-1);
    return isRange(option) ? inPartialRange(uids, option) : [];
  });
}

/** Of what ALL or PARTIAL answers. */
function scores({ uids, relevancy }: Answer, range: PartialRange | undefined): number[] {
  const scored = range === undefined ? uids : inPartialRange(uids, range);
  return scored.map((uid) => relevancy?.get(uid) ?? 1);
}

function numbers({ selected, uids, uid }: Answer): readonly number[] {
  return uid ? uids : uids.map((one) => selected.numbering.sequenceOf(one));
}

function highest({ selected, uids }: Answer): number {
  return modSeqOf(uids.reduce((max, uid) => Math.max(max, selected.view.seqOf(uid)), 0));
}
