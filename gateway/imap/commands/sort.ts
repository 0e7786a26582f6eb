import { inSlices } from '../../../lib/search/slices.ts';
import { neverChanges, sortMessages } from '../../../lib/search/sort.ts';
import type { Sortables } from '../../../lib/search/sortables.ts';
import { UidSet } from '../../../lib/store/uid-set.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { ok, type Reply } from '../reply.ts';
import { toSave, writeAnswer } from '../search/answer.ts';
import { checkCharset } from '../search/charset.ts';
import { withFilters } from '../search/filters.ts';
import { checkTag, keepUpdated } from '../search/keep-updated.ts';
import { requireSearchWithinLimit } from '../search/limited.ts';
import { relevancyOf, runProgram } from '../search/program.ts';
import { needsOf, sortables } from '../search/sortables.ts';
import type { SortCriterion } from '../wire/search-key.ts';

/** SORT (RFC 5256 §3, RFC 5957), with RETURN (RFC 5267). */
export async function sort(context: Context, given: CommandOf<'SORT'>, tag: string): Promise<Reply> {
  const { selected } = context;
  const { criteria, returns, uid } = given;
  const saves = returns?.includes('SAVE') === true;
  checkCharset(context, given);
  checkTag(context, given, tag);
  try {
    const command = await withFilters(context, given);
    requireSearchWithinLimit(context, command.key);
    const found = await runProgram(context, command);
    const isScored = returns?.includes('RELEVANCY') || criteria.some(({ by }) => by === 'RELEVANCY');
    const relevancy = isScored ? await relevancyOf(found) : undefined;
    const uids = await arranged(context, criteria, found.uids, relevancy);
    const { aboutModSeq } = found;
    writeAnswer(context, { response: 'SORT', selected, uid, uids, aboutModSeq, relevancy }, returns, tag);
    keepUpdated(context, command, tag, uids);
    if (saves) selected.saved = toSave(uids, returns ?? []);
    return ok();
  } catch (error) {
    // RFC 5182 §2.1: a search that fails leaves nothing saved.
    if (saves) selected.saved = UidSet.empty;
    throw error;
  }
}

/** The messages in order: as last time, when these are the same and are ordered by what never changes. */
async function arranged(
  context: Context,
  criteria: readonly SortCriterion[],
  uids: readonly number[],
  relevancy: Sortables['relevancy'],
): Promise<readonly number[]> {
  const { options, selected } = context;
  const { id } = selected.open.mailbox;
  const by = criteria.every(neverChanges)
    ? criteria.map(({ by, reverse }) => (reverse ? `-${by}` : by)).join()
    : undefined;
  const known = by && options.orders.get(id, by, uids);
  if (known) return known;
  const loaded = await sortables(context, uids, needsOf(criteria));
  const order = await inSlices(sortMessages({ ...loaded, relevancy }, criteria), () => context.breathe());
  if (by) options.orders.put(id, by, uids, order);
  return order;
}
