import { StoreError } from '../../../lib/store/errors.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { bad, ok, type Reply } from '../reply.ts';
import { toSave, writeAnswer } from '../search/answer.ts';
import { checkCharset } from '../search/charset.ts';
import { withFilters } from '../search/filters.ts';
import { checkTag, keepUpdated } from '../search/keep-updated.ts';
import { asks, deadlineOf, relevancyOf, runProgram } from '../search/program.ts';
import { namesOf } from '../search/sources.ts';
import { Selected } from '../selected.ts';

/** ESEARCH (RFC 7377): a search of several mailboxes, each answered by itself if anything was found there. */
export async function esearch(context: Context, given: CommandOf<'ESEARCH'>, tag: string): Promise<Reply> {
  checkCharset(context, given);
  const command = await withFilters(context, given);
  const { sources } = command;
  const wantsSelected = sources.some(({ kind }) => kind === 'SELECTED');
  const others = sources.some(({ kind }) => kind !== 'SELECTED') ? await namesOf(context, sources) : [];
  // RFC 7377 §2.2
  if (wantsSelected && !context.hasSelected) return bad('Please select a mailbox first');
  // RFC 7377 §2.1: message numbers mean something in the selected mailbox alone.
  if (sources.some(({ kind }) => kind !== 'SELECTED') && asks(command.key, 'sequence')) {
    return bad('Message numbers are of the selected mailbox only');
  }
  const wantsUpdates = command.returns.includes('UPDATE');
  if (wantsUpdates && !context.hasSelected) return bad('Please select a mailbox first');
  if (wantsUpdates) checkTag(context, command, tag);
  const endAt = deadlineOf(context);
  const selected = context.hasSelected ? context.selected : undefined;
  if (wantsSelected && selected !== undefined) await answer(context, command, selected, tag, endAt);
  for (const name of others) {
    if (wantsSelected && selected?.open.name === name) continue;
    const other = await opened(context, name);
    if (other === undefined) continue;
    try {
      await answer(context, command, other, tag, endAt);
    } finally {
      other.release();
    }
  }
  return ok();
}

async function answer(
  context: Context,
  command: CommandOf<'ESEARCH'>,
  selected: Selected,
  tag: string,
  endAt: number,
): Promise<void> {
  const found = await runProgram(context, command, selected, endAt);
  if (context.hasSelected && selected === context.selected) {
    // RFC 7377 §2.2: both are of the selected mailbox alone.
    if (command.returns.includes('SAVE')) selected.saved = toSave(found.uids, command.returns);
    keepUpdated(context, command, tag, found.uids);
  }
  if (found.uids.length === 0) return;
  const { name, uidValidity } = selected.open;
  const from = { mailbox: name, uidValidity };
  const relevancy = command.returns.includes('RELEVANCY') ? await relevancyOf(found) : undefined;
  writeAnswer(context, { response: 'SEARCH', uid: true, selected, from, ...found, relevancy }, command.returns, tag);
  await context.breathe();
}

/** A mailbox to look into; undefined when it has gone in between. */
async function opened(context: Context, name: string): Promise<Selected | undefined> {
  const { clock, limits } = context.options;
  const { windowBytes } = limits;
  try {
    const open = await context.account.open(name);
    const { head } = await open.mailbox.refresh();
    return head.state === 'open' ? await Selected.open(open, { examined: true, windowBytes, clock }) : undefined;
  } catch (error) {
    if (error instanceof StoreError && ['nonexistent', 'gone', 'no-permission'].includes(error.code)) return undefined;
    throw error;
  }
}
