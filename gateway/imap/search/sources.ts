import { accountPrefix } from '../../../lib/store/account.ts';
import { listNames } from '../../../lib/store/list-names.ts';
import type { NameView } from '../../../lib/store/name-view.ts';
import type { ListedName } from '../../../lib/store/names.ts';
import { hasRight } from '../../../lib/store/rights.ts';
import type { Context } from '../context.ts';
import type { MailboxSource } from '../wire/mailbox-source.ts';

/**
 * The names of the mailboxes that are meant, each once, `SELECTED` apart. What is not there, or may not be read, is passed
 * over (RFC 7377 §2.2).
 */
export async function namesOf(context: Context, sources: readonly MailboxSource[]): Promise<string[]> {
  const rows = await listNames(context.account, context.names);
  const readable = rows.filter(({ mailbox, rights }) => mailbox !== undefined && hasRight(rights, 'r'));
  return readable
    .filter((row) => sources.some((source) => isMeant(row, source, context.names)))
    .map(({ name }) => name);
}

function isMeant({ name, isSubscribed }: ListedName, source: MailboxSource, names: NameView): boolean {
  switch (source.kind) {
    case 'SELECTED':
      return false;
    case 'SUBSCRIBED':
      return isSubscribed;
    // RFC 5465 §6.3: a script may deliver into any mailbox of the user.
    case 'INBOXES':
    case 'PERSONAL':
      return accountPrefix(name) === '';
    case 'MAILBOXES':
      return source.names.includes(name);
    case 'SUBTREE-ONE':
      return source.names.some((root) => name === root || names.parentOf(name) === root);
    case 'SUBTREE':
      return source.names.some((root) => names.isWithin(name, root));
  }
}
