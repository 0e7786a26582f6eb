import { idIsShared, newId } from '../base/ids.ts';
import { writeCheckpoint, writeRemoval } from './checkpoint.ts';
import { closeMailbox } from './delete-mailbox.ts';
import { Directory, type User } from './directory.ts';
import { joinDomainQuota } from './domain-quota.ts';
import { StoreError } from './errors.ts';
import type { MailStore } from './mail-store.ts';
import { leaveRoot, limitsOf, setLimits } from './quota-roots.ts';
import { bindRecord, setQuotaRecord, subscribeRecord } from './tree-records.ts';
import { INBOX } from './tree-view.ts';

/** Mailboxes that a new user gets besides INBOX, with their special use. */
export const DEFAULT_MAILBOXES: readonly (readonly [name: string, specialUse: string])[] = [
  ['Archive', '\\Archive'],
  ['Drafts', '\\Drafts'],
  ['Junk', '\\Junk'],
  ['Sent', '\\Sent'],
  ['Trash', '\\Trash'],
];

export interface NewUser {
  readonly name: string;
  /** PHC string; undefined: the user cannot log in. */
  readonly verifier: string | undefined;
  readonly groups?: readonly string[];
  /** KiB; undefined: no limit. */
  readonly quotaKib?: number | undefined;
  /** Without mailboxes: an administrator who only administers. */
  readonly withoutMailboxes?: boolean;
  /** Only INBOX, as an administrator's CREATE makes it. */
  readonly onlyInbox?: boolean;
}

interface NamedMailbox {
  readonly name: string;
  readonly specialUse: string | undefined;
}

/** A user's name, in UTF-8. */
export const MAX_USER_BYTES = 250;

/** Fails with `cannot` unless a user may have this name: a mail address or its local part, lower case. */
export function checkUserName(name: string): void {
  if (
    !/^[^\s@/*%"\\()<>[\]{}\u0000-\u0020\u007f]+(@[a-z0-9.-]+)?$/u.test(name) ||
    name !== name.toLowerCase().normalize('NFC')
  ) {
    throw new StoreError('cannot', `"${name}" cannot be a user name: give a lower-case local part or address`);
  }
  if (Buffer.byteLength(name) > MAX_USER_BYTES) {
    throw new StoreError('cannot', `a user name has at most ${MAX_USER_BYTES} bytes`);
  }
}

/** Adds a user with INBOX and the special-use mailboxes, subscribed. Objects first: the directory entry is last. */
export async function addUser(store: MailStore, user: NewUser): Promise<User> {
  checkUserName(user.name);
  const directory = new Directory(store.ports.index);
  if ((await directory.find(user.name)) !== undefined) {
    throw new StoreError('already-exists', `user ${user.name} exists already`);
  }
  const id = newId(store.clock.now());
  const space = newId(store.clock.now());
  const treeId = await store.createTree(id, space);
  const tree = store.tree(treeId);
  const special = (user.onlyInbox ? [] : DEFAULT_MAILBOXES).map(([name, specialUse]) => ({ name, specialUse }));
  const names: NamedMailbox[] = user.withoutMailboxes ? [] : [{ name: INBOX, specialUse: undefined }, ...special];
  const mailboxes = await Promise.all(
    names.map(async (one) => ({ ...one, mailbox: await store.createMailbox(treeId, space) })),
  );
  const records = mailboxes.flatMap(({ name, specialUse, mailbox }) => [
    bindRecord({ name, mailbox, specialUse: specialUse === undefined ? [] : [specialUse], acl: new Map() }),
    subscribeRecord(name, true),
  ]);
  if (user.quotaKib !== undefined) {
    const root = { id: newId(store.clock.now()), storageKib: user.quotaKib, messages: undefined };
    records.push(setQuotaRecord('', root));
  }
  // Asked for at once, they are one write.
  await Promise.all(records.map((record) => tree.commit(() => ({ record, reply: undefined }))));
  if (user.quotaKib === undefined) await joinDomainQuota(store, { name: user.name, tree: treeId, space });
  const { name, verifier, groups = [] } = user;
  const added = await directory.add({ id, name, tree: treeId, space, verifier, groups });
  firstCheckpoint(store, added);
  return added;
}

/** From its first message on, the objects tell whose they are (Rule 21). */
function firstCheckpoint(store: MailStore, user: User): void {
  store.context.background(`first checkpoint of ${user.name}`, () => writeCheckpoint(store, user));
}

/** Sets or, with undefined, lifts the limit of what a user may keep; other limits stay. Mail that is there counts. */
export async function setUserQuota(store: MailStore, user: User, quotaKib: number | undefined): Promise<void> {
  const tree = store.tree(user.tree);
  const { view } = await tree.refresh();
  const limits = limitsOf(view, '');
  if (quotaKib === undefined) limits.delete('STORAGE');
  else limits.set('STORAGE', quotaKib);
  await setLimits(store, { tree, space: user.space }, '', limits);
}

/** Takes everything from a user; who has a password keeps it, and has no mailboxes. The mail goes with the sweep. */
export async function emptyUser(store: MailStore, name: string): Promise<void> {
  const directory = new Directory(store.ports.index);
  const user = await directory.find(name);
  if (user === undefined) throw new StoreError('nonexistent', `there is no user ${name}`);
  if (user.verifier === undefined) await directory.remove(user);
  else {
    const space = newId(store.clock.now());
    const tree = await store.createTree(user.id, space);
    await joinDomainQuota(store, { name, tree, space });
    firstCheckpoint(store, await directory.update({ ...user, space, tree }));
  }
  await closeAll(store, user);
}

/** Removes a user: no login and no delivery from now on; the mail goes with the sweep, a grace later. */
export async function removeUser(store: MailStore, name: string): Promise<void> {
  const directory = new Directory(store.ports.index);
  const user = await directory.find(name);
  if (user === undefined) throw new StoreError('nonexistent', `there is no user ${name}`);
  await directory.remove(user);
  await closeAll(store, user);
}

async function closeAll(store: MailStore, user: User): Promise<void> {
  await writeRemoval(store, user);
  const { view } = await store.tree(user.tree).refresh();
  const root = view.state.quotaRoots.get('')?.id;
  if (root !== undefined && idIsShared(root)) await leaveRoot(store, root, user.space);
  for (const { mailbox } of view.state.bindings.values()) await closeMailbox(store, mailbox);
  await store.tree(user.tree).editHead(({ state }) => (state === 'closed' ? undefined : { state: 'closed' }));
}
