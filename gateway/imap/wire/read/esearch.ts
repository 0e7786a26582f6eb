import type { ImapCommand } from '../commands.ts';
import type { MailboxSource } from '../mailbox-source.ts';
import { filterMailboxes } from './filter-mailboxes.ts';
import type { Reader } from './reader.ts';
import { searchProgram, searchReturns } from './search.ts';

/**
 *     esearch             = "ESEARCH" [SP esearch-source-opts] [SP search-return-opts] SP search-program   ; RFC 7377 §3
 *     esearch-source-opts = "IN" SP "(" source-mbox [SP "(" scope-options ")"] ")"
 *     source-mbox         = filter-mailboxes *(SP filter-mailboxes)
 *
 * There are no scope options yet. What is answered is always UIDs, also after the word UID, which an example of §2 has.
 */
export function esearch(reader: Reader): ImapCommand {
  reader.sp();
  const sources = reader.skip('IN ') ? sourceOptions(reader) : [{ kind: 'SELECTED' } as const];
  const returns = searchReturns(reader);
  // RFC 7377 §2.2
  if (returns?.includes('SAVE') && sources.some(({ kind }) => kind !== 'SELECTED')) {
    reader.invalid('search return option (SAVE is of the selected mailbox)');
  }
  return { name: 'ESEARCH', uid: true, sources, returns: returns ?? ['ALL'], ...searchProgram(reader) };
}

function sourceOptions(reader: Reader): MailboxSource[] {
  const sources: MailboxSource[] = [];
  reader.expect('(');
  do sources.push(filterMailboxes(reader));
  while (reader.skip(' '));
  reader.expect(')');
  reader.sp();
  return sources;
}
