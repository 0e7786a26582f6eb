import type { Id } from '../../../lib/base/ids.ts';
import type { NameView } from '../../../lib/store/name-view.ts';
import type { ListedName } from '../../../lib/store/names.ts';
import { hasRight } from '../../../lib/store/rights.ts';
import { INBOX } from '../../../lib/store/tree-view.ts';
import type { EventGroup } from '../wire/commands.ts';
import type { Dialect } from '../wire/read/reader.ts';
import { listed } from '../wire/write/response.ts';
import { eventsOf } from './groups.ts';

/** What is asked for, and how names are shown. */
interface Asked {
  readonly groups: readonly EventGroup[];
  readonly names: NameView;
  readonly dialect: Dialect;
}

/** The LIST responses for names that came, went, or are called otherwise now, and for subscriptions (RFC 5465 §5.4, §5.5, §5.9). */
export function nameChanges(before: readonly ListedName[], after: readonly ListedName[], asked: Asked): string[] {
  const { groups, names } = asked;
  const [old, now] = [byName(before), byName(after)];
  const oldNames = new Map<Id, string>(before.flatMap(({ name, mailbox }) => (mailbox ? [[mailbox, name]] : [])));
  const newIds = new Set(after.map(({ mailbox }) => mailbox));
  const oldNameOf = (row: ListedName | undefined): string | undefined =>
    row?.mailbox === undefined || row.mailbox === old.get(row.name)?.mailbox ? undefined : oldNames.get(row.mailbox);
  const hears = (row: ListedName | undefined, event: string): boolean =>
    row !== undefined && eventsOf(groups, row, names).has(event);
  /** A RENAME is told when either name is asked about. */
  const hearsRename = (row: ListedName, oldName: string | undefined): boolean =>
    hears(row, 'MAILBOXNAME') || hears(oldName === undefined ? undefined : old.get(oldName), 'MAILBOXNAME');
  /** RFC 5465 §5.4: the RENAME of what is above says it all. */
  const goesAlong = (name: string, oldName: string): boolean => {
    for (let at = names.parentOf(name); at !== undefined; at = names.parentOf(at)) {
      const row = now.get(at);
      const was = oldNameOf(row);
      if (row === undefined || was === undefined || !hearsRename(row, was)) continue;
      if (name.startsWith(at) && oldName === `${was}${name.slice(at.length)}`) return true;
    }
    return false;
  };

  const told = new Map<string, string>();
  const tell = (row: ListedName, oldName?: string): void => void told.set(row.name, nameLine(row, asked, oldName));
  const gone = (row: ListedName): ListedName =>
    now.get(row.name) ?? { ...row, mailbox: undefined, isSubscribed: false };
  const parents = new Set<string>();
  const noteParent = (name: string): void => {
    const parent = names.parentOf(name);
    if (parent !== undefined) parents.add(parent);
  };
  for (const row of before) {
    const isGone = row.mailbox !== undefined && !newIds.has(row.mailbox) && now.get(row.name)?.mailbox === undefined;
    if (!isGone) continue;
    noteParent(row.name);
    if (hears(row, 'MAILBOXNAME')) tell({ ...gone(row), hasChildren: now.get(row.name)?.hasChildren ?? false });
  }
  for (const row of after) {
    const { name, mailbox, isSubscribed } = row;
    const had = old.get(name);
    const oldName = oldNameOf(row);
    const isOther = mailbox !== undefined && mailbox !== had?.mailbox && !(name === INBOX && had !== undefined);
    if (isOther && oldName === undefined) noteParent(name);
    if (isOther && hearsRename(row, oldName)) {
      if (oldName === undefined || !goesAlong(name, oldName)) tell(row, oldName);
    } else if (hears(row, 'SUBSCRIPTIONCHANGE') && isSubscribed !== (had?.isSubscribed ?? false)) {
      tell(row);
    } else if (had?.mailbox === mailbox && isHidden(row) !== isHidden(had) && eventsOf(groups, row, names).size > 0) {
      tell(row);
    }
  }
  for (const row of before) {
    const isForgotten = row.isSubscribed && !now.has(row.name) && row.mailbox === undefined;
    if (isForgotten && hears(row, 'SUBSCRIPTIONCHANGE')) tell(gone(row));
  }
  // RFC 5465 §5.4: of what is made or deleted, the name above is affected, too.
  for (const parent of parents) {
    const row = now.get(parent) ?? old.get(parent);
    if (row === undefined || told.has(parent) || !hears(row, 'MAILBOXNAME')) continue;
    tell(now.has(parent) ? row : { ...gone(row), hasChildren: false });
  }
  return [...told.values()];
}

/** RFC 5465 §3.1: of these names the client may know, but not hear anything. */
export function hiddenNames(rows: readonly ListedName[], asked: Asked): string[] {
  const hidden = rows.filter((row) => isHidden(row) && eventsOf(asked.groups, row, asked.names).size > 0);
  return hidden.map((row) => nameLine(row, asked));
}

function isHidden(
  { mailbox, rights }: Pick<ListedName, 'mailbox' | 'rights'> = { mailbox: undefined, rights: '' },
): boolean {
  return mailbox !== undefined && !hasRight(rights, 'r');
}

function nameLine(row: ListedName, { names, dialect }: Asked, oldName?: string): string {
  const { name, mailbox, hasChildren, isSubscribed, specialUse } = row;
  const attributes: string[] = [];
  if (mailbox === undefined) attributes.push('\\NonExistent');
  else if (isHidden(row)) attributes.push('\\NoAccess');
  if (mailbox !== undefined || hasChildren) attributes.push(hasChildren ? '\\HasChildren' : '\\HasNoChildren');
  if (isSubscribed) attributes.push('\\Subscribed');
  if (mailbox !== undefined) attributes.push(...specialUse);
  const extended = oldName === undefined ? {} : { oldName };
  return listed('LIST', { attributes, delimiter: names.separator, name, ...extended }, dialect);
}

function byName(rows: readonly ListedName[]): ReadonlyMap<string, ListedName> {
  return new Map(rows.map((row) => [row.name, row]));
}
