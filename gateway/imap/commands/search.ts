import { UidSet } from '../../../lib/store/uid-set.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { Refused } from '../errors.ts';
import { modSeqOf } from '../mod-seq.ts';
import { no, ok, type Reply } from '../reply.ts';
import { questionOf } from '../search/question.ts';
import { runSearch } from '../search/run-search.ts';
import { rangesOf } from '../selected.ts';
import { decodeText } from '../wire/read/text.ts';
import type { SearchKey, SearchReturn } from '../wire/search-key.ts';
import { badCharset } from '../wire/write/response-code.ts';
import { type ExtendedResult, esearch, searched } from '../wire/write/search.ts';
import { enableCondstore } from './enable.ts';

const charsets = ['US-ASCII', 'UTF-8'];

/** SEARCH (RFC 9051 §6.4.4), with MODSEQ (RFC 7162 §3.1.5) and `$` (RFC 5182). */
export async function search(context: Context, command: CommandOf<'SEARCH'>, tag: string): Promise<Reply> {
  const { selected } = context;
  const { charset, key, uid } = command;
  const saves = command.returns?.includes('SAVE') === true;
  try {
    if (charset !== null && !charsets.includes(charset)) throw new Refused(no('Unknown charset', badCharset(charsets)));
    const aboutModSeq = asksModSeq(key);
    if (aboutModSeq) enableCondstore(context);
    const question = questionOf(key, selected, decodeText, context.options.clock.now());
    const uids = await runSearch(context, question);
    const found: Found = { uids, uid, aboutModSeq };
    // RFC 9051 §6.4.4: in IMAP4rev2 the answer is always an ESEARCH.
    const returns = command.returns ?? (context.style.rev2 ? (['ALL'] as const) : null);
    if (returns === null) writePlain(context, found);
    else writeExtended(context, found, returns, tag);
    if (saves) selected.saved = UidSet.fromSorted(toSave(uids, returns ?? []));
    return ok();
  } catch (error) {
    // RFC 5182 §2.1: a search that fails leaves nothing saved.
    if (saves) selected.saved = UidSet.empty;
    throw error;
  }
}

interface Found {
  /** Ascending. */
  readonly uids: readonly number[];
  /** Whether UIDs are answered, not sequence numbers. */
  readonly uid: boolean;
  readonly aboutModSeq: boolean;
}

function writePlain(context: Context, found: Found): void {
  const modSeq = found.aboutModSeq ? highest(context, found.uids) : null;
  context.write(searched('SEARCH', numbers(context, found), modSeq));
}

function writeExtended(context: Context, found: Found, returns: readonly SearchReturn[], tag: string): void {
  const asked = returns.filter((option) => option !== 'SAVE');
  // RFC 5182 §2.1: SAVE alone answers nothing.
  if (asked.length === 0) return;
  const all = numbers(context, found);
  const [first, last] = [found.uids.at(0), found.uids.at(-1)];
  // RFC 7162 §3.1.10: of MIN and MAX alone, only those messages count.
  const ends = [asked.includes('MIN') ? first : undefined, asked.includes('MAX') ? last : undefined];
  const onlyEnds = asked.every((option) => option === 'MIN' || option === 'MAX');
  const counted = onlyEnds ? ends.filter((uid) => uid !== undefined) : found.uids;
  const result: ExtendedResult = {
    tag,
    uid: found.uid,
    min: asked.includes('MIN') ? (all.at(0) ?? null) : null,
    max: asked.includes('MAX') ? (all.at(-1) ?? null) : null,
    count: asked.includes('COUNT') ? all.length : null,
    all: asked.includes('ALL') ? rangesOf(UidSet.fromSorted(all)) : null,
    modSeq: found.aboutModSeq && counted.length > 0 ? highest(context, counted) : null,
  };
  context.write(esearch(result, context.dialect));
}

function numbers({ selected }: Context, { uids, uid }: Found): number[] {
  return uid ? [...uids] : uids.map((one) => selected.numbering.sequenceOf(one));
}

function highest({ selected }: Context, uids: readonly number[]): number {
  return modSeqOf(uids.reduce((max, uid) => Math.max(max, selected.view.seqOf(uid)), 0));
}

/** RFC 5182 §2.4: with MIN or MAX and nothing more, only those messages are saved. */
function toSave(uids: readonly number[], returns: readonly SearchReturn[]): readonly number[] {
  const hasEnds = returns.includes('MIN') || returns.includes('MAX');
  if (!hasEnds || returns.includes('ALL') || returns.includes('COUNT')) return uids;
  const ends = [returns.includes('MIN') ? uids.at(0) : undefined, returns.includes('MAX') ? uids.at(-1) : undefined];
  return [...new Set(ends.filter((uid) => uid !== undefined))];
}

function asksModSeq(key: SearchKey): boolean {
  switch (key.key) {
    case 'modseq':
      return true;
    case 'and':
      return key.keys.some(asksModSeq);
    case 'or':
      return asksModSeq(key.left) || asksModSeq(key.right);
    case 'not':
      return asksModSeq(key.inner);
    default:
      return false;
  }
}
