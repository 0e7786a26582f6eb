import { accountPrefix } from '../../../lib/store/account.ts';
import type { NameView } from '../../../lib/store/name-view.ts';
import type { ListedName } from '../../../lib/store/names.ts';
import type { EventGroup, MailboxFilter } from '../wire/commands.ts';

/** Events of messages (RFC 5465 §5.1 to §5.3), of mailboxes and of the server (§5.4 to §5.7), as they are announced. */
export const MESSAGE_EVENTS = ['MessageNew', 'MessageExpunge', 'FlagChange', 'AnnotationChange'] as const;
export const OTHER_EVENTS = [
  'MailboxName',
  'SubscriptionChange',
  'MailboxMetadataChange',
  'ServerMetadataChange',
] as const;

const NONE: ReadonlySet<string> = new Set();

/** The group about the selected mailbox, if there is one. */
export function selectedGroup(groups: readonly EventGroup[]): EventGroup | undefined {
  return groups.find(({ filter }) => isSelected(filter));
}

export function isSelected({ kind }: MailboxFilter): boolean {
  return kind === 'selected' || kind === 'selected-delayed';
}

/** The events that are told of a mailbox which is not selected: those of all groups that it is in (RFC 5465 §6). */
export function eventsOf(groups: readonly EventGroup[], row: ListedName, names: NameView): ReadonlySet<string> {
  const [first, ...more] = groups.filter(({ filter }) => isIn(filter, row, names)).map(({ events }) => events);
  if (first === undefined) return NONE;
  return more.length === 0 ? first : new Set([first, ...more].flatMap((events) => [...events]));
}

/** RFC 5465 §6. Where mail may be delivered (`inboxes`) is every mailbox of one's own: a script or an address may name it. */
function isIn(filter: MailboxFilter, { name, isSubscribed }: ListedName, names: NameView): boolean {
  switch (filter.kind) {
    case 'selected':
    case 'selected-delayed':
      return false;
    case 'inboxes':
    case 'personal':
      return accountPrefix(name) === '';
    case 'subscribed':
      return isSubscribed;
    case 'mailboxes':
      return filter.names.includes(name);
    case 'subtree':
      return filter.names.some((top) => names.isWithin(name, top));
  }
}
