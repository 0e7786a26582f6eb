import type { Id } from '../base/ids.ts';
import { type Account, inboxCased, nonexistent, noPermission, OTHER_USERS, type Place } from './account.ts';
import { noteGrant } from './acl.ts';
import { findCommons, isCommons, makeCommons } from './commons.ts';
import { startCrossing } from './crossing-job.ts';
import { closeMailbox, reopenMailbox, unbindClosed } from './delete-mailbox.ts';
import { Directory } from './directory.ts';
import { StoreError } from './errors.ts';
import { requireMailboxQuota } from './quota-roots.ts';
import { renameUser } from './rename-user.ts';
import { hasRight, type Right } from './rights.ts';
import { mailboxStatuses } from './status.ts';
import { bindRecord, renameRecord, subscribeRecord } from './tree-records.ts';
import { type Acl, INBOX, parentOf, SEPARATOR, type TreeView } from './tree-view.ts';
import { addUser, emptyUser } from './users.ts';

/** Limits of names. */
export const MAX_NAME_BYTES = 490;
export const MAX_NAME_DEPTH = 32;
export const MAX_MAILBOXES = 100_000;

/** Special uses that a mailbox can be given (RFC 6154, RFC 8457, RFC 9051 §7.3.1). */
export const SPECIAL_USES: readonly string[] = [
  '\\All',
  '\\Archive',
  '\\Drafts',
  '\\Flagged',
  '\\Important',
  '\\Junk',
  '\\Sent',
  '\\Trash',
];

/** One line of LIST, in the user's names. */
export interface ListedName {
  readonly name: string;
  /** Undefined: no mailbox is bound to the name; it is only above others (`\NonExistent`) or subscribed. */
  readonly mailbox: Id | undefined;
  readonly hasChildren: boolean;
  readonly isSubscribed: boolean;
  readonly specialUse: readonly string[];
  readonly rights: string;
}

/** Fails with `cannot` unless a mailbox may have this name. */
export function checkName(name: string): void {
  const segments = name.split(SEPARATOR);
  const problem =
    name === ''
      ? 'is empty'
      : segments.includes('')
        ? `has an empty part between "${SEPARATOR}"`
        : segments.some((segment) => segment === '.' || segment === '..')
          ? 'has a part "." or ".."'
          : /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffd]/.test(name)
            ? 'has control characters'
            : /[*%]/.test(name)
              ? 'has a wildcard (* or %)'
              : segments.length > MAX_NAME_DEPTH
                ? `is more than ${MAX_NAME_DEPTH} levels deep`
                : Buffer.byteLength(name) > MAX_NAME_BYTES
                  ? `is longer than ${MAX_NAME_BYTES} bytes`
                  : undefined;
  if (problem !== undefined) throw new StoreError('cannot', `the mailbox name ${problem}`);
}

/** RFC 9051 §6.3.4. The head first, then the name (Rule 5). The ACL is the parent's (Rule 18). */
export async function createMailbox(account: Account, name: string, specialUse: readonly string[] = []): Promise<Id> {
  const inbox = await makeUserFor(account, name);
  if (inbox !== undefined) return inbox;
  await makeSharedFor(account, name);
  const place = await account.locate(name);
  checkName(place.path);
  if (isCommons(place.owner) && inboxCased(place.path) !== place.path) {
    throw new StoreError('cannot', 'a shared mailbox cannot be called INBOX');
  }
  const unknown = specialUse.find((use) => !SPECIAL_USES.includes(use));
  if (unknown !== undefined) throw new StoreError('special-use', `special use ${unknown} is not supported`);
  const check = (view: TreeView): Acl => {
    if (view.binding(place.path) !== undefined) throw new StoreError('already-exists', 'Mailbox already exists');
    if (view.state.bindings.size >= MAX_MAILBOXES) {
      throw new StoreError('too-many', `an account has at most ${MAX_MAILBOXES} mailboxes`);
    }
    requireMailboxQuota(view, place.path);
    const taken = specialUse.find((use) => [...view.state.bindings.values()].some((b) => b.specialUse.includes(use)));
    if (taken !== undefined) throw new StoreError('special-use', `another mailbox has the special use ${taken}`);
    return parentAcl(account, place, view);
  };
  const acl = check((await place.tree.refresh()).view);
  if (isCommons(place.owner)) await noteGrants(account, place, acl);
  const mailbox = await account.store.createMailbox(place.tree.id, place.space);
  await place.tree.commit((view) => ({
    record: bindRecord({ name: place.path, mailbox, specialUse, acl: check(view) }),
    reply: undefined,
  }));
  return mailbox;
}

/** An administrator's CREATE of the INBOX of a user who does not exist makes the user; a password comes from elsewhere. */
async function makeUserFor(account: Account, name: string): Promise<Id | undefined> {
  const owner = accountOf(name);
  if (owner === undefined || !account.administers(owner)) return undefined;
  if ((await new Directory(account.store.ports.index).find(owner)) !== undefined) return undefined;
  const user = await addUser(account.store, { name: owner, verifier: undefined, onlyInbox: true });
  return (await account.store.tree(user.tree).refresh()).view.binding(INBOX)?.mailbox;
}

/** The first shared mailbox of a domain makes the account that has them all. */
async function makeSharedFor(account: Account, name: string): Promise<void> {
  const owners = account.sharedOwners(name);
  const [first] = owners ?? [];
  if (owners === undefined || first === undefined) return;
  const exist = await Promise.all(owners.map((owner) => findCommons(account.store, owner)));
  if (exist.some((one) => one !== undefined)) return;
  if (!account.administers(first)) throw noPermission();
  await makeCommons(account.store, first);
}

/** Those who are given l or r at birth find the mailbox (Rule 18). */
async function noteGrants(account: Account, place: Place, acl: Acl): Promise<void> {
  for (const [identifier, rights] of acl) {
    if (/[lr]/.test(rights) && !identifier.startsWith('-')) await noteGrant(account, identifier, place);
  }
}

/** The user whose INBOX, and so whose whole account, an administrator names; undefined: the name is another. */
function accountOf(name: string): string | undefined {
  const [first, owner, path, ...rest] = name.split(SEPARATOR);
  return first === OTHER_USERS && path === INBOX && rest.length === 0 ? owner : undefined;
}

/** The ACL that a new mailbox takes from above; `no-permission` when the user may not create here. */
function parentAcl(account: Account, place: Place, view: TreeView): Acl {
  for (let at = parentOf(place.path); at !== undefined; at = parentOf(at)) {
    const parent = view.binding(at);
    if (parent === undefined) continue;
    if (!account.administers(place.owner)) requireOn(account, place, parent.acl, 'k');
    return parent.acl;
  }
  if (account.administers(place.owner)) return isCommons(place.owner) ? account.defaultAcl : new Map();
  if (!place.isOwner) throw noPermission();
  // Nothing is above, but what an administrator has taken from the owner stays taken.
  const inbox = view.binding(INBOX);
  const own = inbox?.acl.get(place.owner);
  if (inbox === undefined || own === undefined) return new Map();
  requireOn(account, place, inbox.acl, 'k');
  return new Map([[place.owner, own]]);
}

function requireOn(account: Account, place: Place, acl: Acl, right: Right): void {
  const rights = account.rights(place, { mailbox: '' as Id, uidValidity: 0, specialUse: [], acl });
  if (hasRight(rights, right)) return;
  if (!hasRight(rights, 'l')) throw nonexistent();
  throw noPermission();
}

/** RFC 9051 §6.3.5. Children stay; INBOX cannot go. The head is closed, then the name unbound (Rule 5). */
export async function deleteMailbox(account: Account, name: string): Promise<void> {
  const place = await account.locate(name);
  const isAccount = place.path === INBOX && !place.isOwner && account.administers(place.owner);
  if (place.path === INBOX && !isAccount) throw new StoreError('cannot', 'INBOX cannot be deleted');
  const { view } = await place.tree.refresh();
  const binding = view.binding(place.path);
  if (binding === undefined) {
    if (place.isOwner && view.children(place.path).length > 0) {
      throw new StoreError('has-children', `${name} is not a mailbox but has mailboxes below it`);
    }
    throw nonexistent();
  }
  requireOn(account, place, binding.acl, 'x');
  // The INBOX of a user is the account: all of it goes.
  if (isAccount) return emptyUser(account.store, place.owner);
  await closeMailbox(account.store, binding.mailbox);
  if ((await unbindClosed(place.tree, place.path, binding.mailbox)) === 'renamed') {
    await reopenMailbox(account.store, binding.mailbox);
    throw nonexistent();
  }
}

/** RFC 9051 §6.3.6: a mailbox and all below it, in one record. RENAME of INBOX leaves an empty INBOX (Rule 5). */
export async function renameMailbox(account: Account, from: string, to: string): Promise<void> {
  const [owner, newOwner] = [accountOf(from), accountOf(to)];
  if (owner !== undefined && newOwner !== undefined && [owner, newOwner].every((one) => account.administers(one))) {
    return renameUser(account, owner, newOwner);
  }
  const [source, target] = await Promise.all([account.locate(from), account.locate(to)]);
  checkName(target.path);
  if (source.tree.id !== target.tree.id) return renameAcross(account, source, target);
  if (target.path.startsWith(`${source.path}${SEPARATOR}`) && source.path !== INBOX) {
    throw new StoreError('cannot', 'a mailbox cannot be renamed to a name below itself');
  }
  const check = (view: TreeView): void => {
    const binding = view.binding(source.path);
    const children = source.path === INBOX ? [] : view.children(source.path);
    if (binding === undefined && children.length === 0) throw nonexistent();
    for (const name of [...(binding === undefined ? [] : [source.path]), ...children]) {
      const acl = view.binding(name)?.acl;
      if (acl !== undefined) requireOn(account, source, acl, 'x');
      const moved = `${target.path}${name.slice(source.path.length)}`;
      checkName(moved);
      if (view.binding(moved) !== undefined) throw new StoreError('already-exists', 'Mailbox already exists');
    }
    parentAcl(account, target, view);
  };
  check((await source.tree.refresh()).view);
  const newInbox = source.path === INBOX ? await account.store.createMailbox(source.tree.id, source.space) : undefined;
  await source.tree.commit((view) => {
    check(view);
    return { record: renameRecord({ from: source.path, to: target.path, newInbox }), reply: undefined };
  });
}

/**
 * A mailbox and all below it into another account, one after the other (Rule 12). They get the rights of what is above them
 * there. An administrator may always; others need on each what a MOVE of all its messages and its DELETE need.
 */
async function renameAcross(account: Account, source: Place, target: Place): Promise<void> {
  if (source.path === INBOX) throw new StoreError('cannot', 'INBOX cannot be renamed into another account');
  if (isCommons(target.owner) && inboxCased(target.path) !== target.path) {
    throw new StoreError('cannot', 'a shared mailbox cannot be called INBOX');
  }
  const [from, to] = [(await source.tree.refresh()).view, (await target.tree.refresh()).view];
  const names = [source.path, ...from.children(source.path).sort()].filter((name) => from.binding(name) !== undefined);
  if (names.length === 0) throw nonexistent();
  const acl = parentAcl(account, target, to);
  const moves = names.map((name) => ({ name, path: `${target.path}${name.slice(source.path.length)}` }));
  for (const { name, path } of moves) {
    const there = from.binding(name)?.acl ?? new Map();
    for (const right of account.administers(source.owner) ? [] : MOVES_AWAY) requireOn(account, source, there, right);
    checkName(path);
    if (to.binding(path) !== undefined) throw new StoreError('already-exists', 'Mailbox already exists');
    requireMailboxQuota(to, path);
  }
  if (to.state.bindings.size + names.length > MAX_MAILBOXES) {
    throw new StoreError('too-many', `an account has at most ${MAX_MAILBOXES} mailboxes`);
  }
  await requireRoomFor(account, from, names, to, target.path);
  await noteGrants(account, target, acl);
  for (const { name, path } of moves) {
    const mailbox = from.binding(name)?.mailbox;
    if (mailbox === undefined) continue;
    await startCrossing(account.store, {
      source: mailbox,
      destination: account.store.newId(),
      from: { tree: source.tree.id, space: source.space },
      to: { tree: target.tree.id, space: target.space, path },
      acl,
      begunMs: account.store.clock.now(),
    });
  }
}

/** What a mailbox must allow to be taken into another account: its messages can be read there. */
const MOVES_AWAY = ['x', 'r', 't', 'e'] as const;

/** `over-quota` when the root of the new name has no room for all that comes. */
async function requireRoomFor(
  { store }: Account,
  from: TreeView,
  names: readonly string[],
  to: TreeView,
  path: string,
): Promise<void> {
  const root = to.quotaRootOf(path)?.root;
  if (root === undefined) return;
  const mailboxes = names.flatMap((name) => from.binding(name)?.mailbox ?? []);
  const [usage, statuses] = await Promise.all([store.quota.usage(root), mailboxStatuses(store.ports.index, mailboxes)]);
  const bytes = statuses.reduce((sum, status) => sum + (status?.bytes ?? 0), usage.bytes);
  const messages = statuses.reduce((sum, status) => sum + (status?.exists ?? 0), usage.messages);
  if (bytes > (root.storageKib ?? Number.POSITIVE_INFINITY) * 1024 || messages > (root.messages ?? messages)) {
    throw new StoreError('over-quota', 'Quota exceeded');
  }
}

/** Subscriptions are the user's own, by the user's names; the mailbox need not exist (RFC 9051 §6.3.7). */
export async function setSubscribed(account: Account, name: string, on: boolean): Promise<void> {
  const key = inboxCased(name);
  if (on) checkName(key);
  await account.tree.commit((view) =>
    view.state.subscriptions.has(key) === on
      ? { reply: undefined }
      : { record: subscribeRecord(key, on), reply: undefined },
  );
}
