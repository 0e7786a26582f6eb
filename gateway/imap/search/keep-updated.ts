import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { Refused } from '../errors.ts';
import { bad } from '../reply.ts';
import { isUpdateFetch } from '../wire/search-key.ts';
import { condition } from '../wire/write/response.ts';
import { noUpdate } from '../wire/write/response-code.ts';

type Searching = CommandOf<'SEARCH'> | CommandOf<'SORT'> | CommandOf<'ESEARCH'>;

/** RFC 5267 §4.3: what is told of a search is told by its tag, which no other may have. */
export function checkTag({ selected }: Context, { returns }: Searching, tag: string): void {
  if (returns?.includes('UPDATE') && selected.updates.has(tag)) throw new Refused(bad('Tag reuse'));
}

/** From now on the client is told of changes in what was found, if it asked for that. */
export function keepUpdated(context: Context, command: Searching, tag: string, uids: readonly number[]): void {
  if (!command.returns?.includes('UPDATE')) return;
  const { updates } = context.selected;
  const criteria = command.name === 'SORT' ? command.criteria : undefined;
  // Scores are of one search: there is nothing that a new message could be put in order by.
  const problem = criteria?.some(({ by }) => by === 'RELEVANCY')
    ? 'No updates by relevancy'
    : updates.size >= context.options.limits.searchContexts
      ? 'Too many contexts'
      : undefined;
  if (problem !== undefined) context.write(condition(null, 'NO', noUpdate(tag), problem));
  else {
    const fetch = command.returns.filter(isUpdateFetch).flatMap((option) => option.fetch);
    updates.add({ tag, uid: command.uid, program: command, criteria, fetch, uids }, context.selected);
  }
}
