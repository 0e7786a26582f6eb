import { idFromBytes } from '../base/ids.ts';
import { type Account, OTHER_USERS, type Place } from './account.ts';
import { isCommons } from './commons.ts';
import { Directory } from './directory.ts';
import { StoreError } from './errors.ts';
import { grantPk } from './keys.ts';
import type { ListedName } from './names.ts';
import { hasRight, identifiersOf } from './rights.ts';
import { INBOX, parentOf, SEPARATOR, type TreeView } from './tree-view.ts';

/** How the user sees names: what is above one, and what they are sorted by. */
export interface NameOrder {
  parentOf(name: string): string | undefined;
  shown(name: string): string;
}

const STORED: NameOrder = { parentOf, shown: (name) => name };

/** All names that the user can see: the own account's, and others' that the user may look up. */
export async function listNames(account: Account, names: NameOrder = STORED): Promise<readonly ListedName[]> {
  const { tree, user } = account;
  const { view } = await tree.refresh();
  const place: Place = { tree, space: user.space, path: '', isOwner: true, owner: user.name };
  const rows = new Map<string, Omit<ListedName, 'hasChildren'>>();
  addBindings(rows, account, place, view, '');
  await addOthers(rows, account);
  const subscribed = view.state.subscriptions;
  const parents = new Set<string>();
  for (const name of [...rows.keys()]) {
    for (let at = names.parentOf(name); at !== undefined && !parents.has(at); at = names.parentOf(at)) {
      parents.add(at);
      addVirtual(rows, at);
    }
  }
  for (const name of subscribed) addVirtual(rows, name);
  const listed = [...rows.values()].map((row) => ({
    ...row,
    isSubscribed: subscribed.has(row.name),
    hasChildren: parents.has(row.name),
  }));
  const keys = new Map(listed.map(({ name }) => [name, names.shown(name)]));
  return listed.sort((a, b) => compareNames(keys.get(a.name) ?? '', keys.get(b.name) ?? ''));
}

function addBindings(
  rows: Map<string, Omit<ListedName, 'hasChildren'>>,
  account: Account,
  place: Place,
  view: TreeView,
  prefix: string,
): void {
  for (const [path, binding] of view.state.bindings) {
    const rights = account.rights(place, binding);
    if (!hasRight(rights, 'l')) continue;
    const name = `${prefix}${path}`;
    const specialUse = place.isOwner ? binding.specialUse : [];
    rows.set(name, { name, mailbox: binding.mailbox, specialUse, isSubscribed: false, rights });
  }
}

/** One query per identifier tells which trees may hold something for the user; the trees decide (Rule 18). */
async function addOthers(rows: Map<string, Omit<ListedName, 'hasChildren'>>, account: Account): Promise<void> {
  const { store, user, identity } = account;
  const owners = new Map<string, string>();
  for (const identifier of identifiersOf(identity)) {
    let after: Buffer | undefined;
    do {
      const page = await store.ports.index.query({ pk: grantPk(identifier), ...(after && { after }) });
      for (const { sk, item } of page.rows) {
        const owner = item.n instanceof Uint8Array ? Buffer.from(item.n).toString('utf8') : '';
        owners.set(idFromBytes(sk), owner);
      }
      after = page.next;
    } while (after !== undefined);
  }
  if (account.isAdmin) {
    for await (const other of new Directory(store.ports.index).list()) {
      if (account.administers(other.name)) owners.set(other.tree, other.name);
    }
  }
  for (const owner of new Set(owners.values())) {
    const top = isCommons(owner) ? await account.sharedPrefix(owner) : `${OTHER_USERS}${SEPARATOR}${owner}`;
    const prefix = `${top}${SEPARATOR}`;
    const place = top === undefined || owner === user.name ? undefined : await placeOf(account, prefix);
    if (place === undefined || place.isOwner) continue;
    addBindings(rows, account, place, (await place.tree.refresh()).view, prefix);
  }
}

/** A grant may outlive its account: then there is nothing to show. */
async function placeOf(account: Account, prefix: string): Promise<Place | undefined> {
  try {
    return await account.locate(prefix);
  } catch (error) {
    if (error instanceof StoreError && error.code === 'nonexistent') return undefined;
    throw error;
  }
}

function addVirtual(rows: Map<string, Omit<ListedName, 'hasChildren'>>, name: string): void {
  if (!rows.has(name)) rows.set(name, { name, mailbox: undefined, specialUse: [], isSubscribed: false, rights: '' });
}

/** INBOX first, then by code point, children after their parent. */
function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  if (a === INBOX || b === INBOX) return a === INBOX ? -1 : 1;
  return a.replaceAll(SEPARATOR, '\0') < b.replaceAll(SEPARATOR, '\0') ? -1 : 1;
}
