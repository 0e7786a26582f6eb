import { UidSet } from '../../../lib/store/uid-set.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { ok, type Reply } from '../reply.ts';
import { toSave, writeAnswer } from '../search/answer.ts';
import { checkCharset } from '../search/charset.ts';
import { withFilters } from '../search/filters.ts';
import { checkTag, keepUpdated } from '../search/keep-updated.ts';
import { searchedWithinLimit } from '../search/limited.ts';
import { relevancyOf, runProgram } from '../search/program.ts';

/** SEARCH (RFC 9051 §6.4.4), with MODSEQ (RFC 7162 §3.1.5), `$` (RFC 5182), PARTIAL (RFC 9394 §3.1) and UPDATE (RFC 5267 §4.3). */
export async function search(context: Context, given: CommandOf<'SEARCH'>, tag: string): Promise<Reply> {
  const { selected } = context;
  checkCharset(context, given);
  const saves = given.returns?.includes('SAVE') === true;
  checkTag(context, given, tag);
  try {
    const command = await withFilters(context, given);
    const limited = searchedWithinLimit(context, command.key);
    const found = await runProgram(context, command, selected, undefined, limited?.uids);
    // RFC 9051 §6.4.4: in IMAP4rev2 the answer is always an ESEARCH.
    const returns = command.returns ?? (context.style.rev2 ? (['ALL'] as const) : null);
    const relevancy = returns?.includes('RELEVANCY') ? await relevancyOf(found) : undefined;
    writeAnswer(context, { response: 'SEARCH', selected, uid: command.uid, ...found, relevancy }, returns, tag);
    keepUpdated(context, command, tag, found.uids);
    if (saves) selected.saved = toSave(found.uids, returns ?? []);
    return ok('Completed', limited?.code);
  } catch (error) {
    // RFC 5182 §2.1: a search that fails leaves nothing saved.
    if (saves) selected.saved = UidSet.empty;
    throw error;
  }
}
