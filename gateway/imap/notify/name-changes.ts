import type { Id } from '../../../lib/base/ids.ts';
import type { NameView } from '../../../lib/store/name-view.ts';
import type { ListedName } from '../../../lib/store/names.ts';
import type { EventGroup } from '../wire/commands.ts';
import type { Dialect } from '../wire/read/reader.ts';
import { listed } from '../wire/write/response.ts';
import { eventsOf } from './groups.ts';

/** The LIST responses for names that came, went, or are called otherwise now, and for subscriptions (RFC 5465 §5.6, §5.7). */
export function nameChanges(
  before: readonly ListedName[],
  after: readonly ListedName[],
  groups: readonly EventGroup[],
  names: NameView,
  dialect: Dialect,
): string[] {
  const [old, now] = [byName(before), byName(after)];
  const oldNames = new Map<Id, string>(before.flatMap(({ name, mailbox }) => (mailbox ? [[mailbox, name]] : [])));
  const newIds = new Set(after.map(({ mailbox }) => mailbox));
  const texts: string[] = [];
  const tell = (name: string, attributes: string[], oldName?: string): void => {
    const extended = oldName === undefined ? {} : { oldName };
    texts.push(listed('LIST', { attributes, delimiter: names.separator, name, ...extended }, dialect));
  };
  for (const row of before) {
    const { name, mailbox } = row;
    const isGone = mailbox !== undefined && !newIds.has(mailbox) && now.get(name)?.mailbox === undefined;
    if (isGone && eventsOf(groups, row, names).has('MAILBOXNAME')) tell(name, ['\\NonExistent']);
  }
  for (const row of after) {
    const { name, mailbox, isSubscribed } = row;
    const events = eventsOf(groups, row, names);
    const had = old.get(name);
    const subscribed = isSubscribed ? ['\\Subscribed'] : [];
    const oldName = mailbox === undefined ? undefined : oldNames.get(mailbox);
    if (mailbox !== undefined && mailbox !== had?.mailbox && hears(events, groups, before, oldName, names)) {
      tell(name, subscribed, oldName);
    } else if (events.has('SUBSCRIPTIONCHANGE') && isSubscribed !== (had?.isSubscribed ?? false)) {
      tell(name, mailbox === undefined ? [...subscribed, '\\NonExistent'] : subscribed);
    }
  }
  for (const row of before) {
    const isForgotten = row.isSubscribed && !now.has(row.name) && row.mailbox === undefined;
    if (isForgotten && eventsOf(groups, row, names).has('SUBSCRIPTIONCHANGE')) tell(row.name, ['\\NonExistent']);
  }
  return texts;
}

/** RFC 5465 §5.6: a RENAME is told when either name is asked about. */
function hears(
  events: ReadonlySet<string>,
  groups: readonly EventGroup[],
  before: readonly ListedName[],
  oldName: string | undefined,
  names: NameView,
): boolean {
  if (events.has('MAILBOXNAME')) return true;
  const row = before.find(({ name }) => name === oldName);
  return row !== undefined && eventsOf(groups, row, names).has('MAILBOXNAME');
}

function byName(rows: readonly ListedName[]): ReadonlyMap<string, ListedName> {
  return new Map(rows.map((row) => [row.name, row]));
}
