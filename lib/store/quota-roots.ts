import { type Id, idIsShared, newId } from '../base/ids.ts';
import {
  type Account,
  accountPrefix,
  nonexistent,
  noPermission,
  type OpenMailbox,
  OTHER_USERS,
  type Place,
} from './account.ts';
import { isCommons } from './commons.ts';
import { StoreError } from './errors.ts';
import type { MailStore } from './mail-store.ts';
import { hasRight } from './rights.ts';
import { mailboxStatuses } from './status.ts';
import type { Tree } from './tree.ts';
import { annotateRecord, annotationKey, setQuotaRecord } from './tree-records.ts';
import { INBOX, type QuotaRoot, SEPARATOR, type TreeView } from './tree-view.ts';

/** What a quota root can limit (RFC 9208 §5); storage in KiB. */
export const QUOTA_RESOURCES = ['STORAGE', 'MESSAGE', 'MAILBOX', 'ANNOTATION-STORAGE'] as const;

export type QuotaResource = (typeof QUOTA_RESOURCES)[number];

/** Larger limits than this are none. */
export const MAX_QUOTA_LIMIT = 2 ** 50;

export interface QuotaUsage {
  readonly resource: QuotaResource;
  readonly used: number;
  readonly limit: number;
}

/** A quota root as a user names it: the name of the topmost mailbox that it counts for, `INBOX` for a whole account. */
export interface QuotaState {
  readonly root: string;
  readonly usages: readonly QuotaUsage[];
}

/** GETQUOTA (RFC 9208 §4.1.1), for the owner and administrators. `nonexistent` where no root is. */
export async function getQuota(account: Account, root: string): Promise<QuotaState> {
  const place = await account.locate(root);
  if (!place.isOwner && !account.administers(place.owner)) throw noPermission();
  const { view } = await place.tree.refresh();
  const path = rootPath(place);
  if (!view.state.quotaRoots.has(path)) throw new StoreError('nonexistent', 'Quota root does not exist');
  return stateOf(account, root, place, view, path);
}

/**
 * GETQUOTAROOT (RFC 9208 §4.1.2): the root that counts for a mailbox, if there is one, or would count if the mailbox were
 * there, which owners alone may ask. Needs the right r.
 */
export async function getQuotaRoot(account: Account, name: string): Promise<QuotaState | undefined> {
  const place = await account.locate(name);
  const { view } = await place.tree.refresh();
  const binding = view.binding(place.path);
  const mayMake = place.isOwner || account.administers(place.owner);
  const rights = binding === undefined ? (mayMake ? 'lr' : '') : account.rights(place, binding);
  if (!hasRight(rights, 'l') && !hasRight(rights, 'r')) throw nonexistent();
  if (!hasRight(rights, 'r') && !account.administers(place.owner)) throw noPermission();
  const found = view.quotaRootOf(place.path);
  return found === undefined ? undefined : stateOf(account, name, place, view, found.name);
}

/**
 * SETQUOTA (RFC 9208 §4.1.3): exactly these limits from now on, none of what is not named. Only for administrators. The
 * root stays when it limits nothing and counts on, so that the next limit finds the right usage.
 */
export async function setQuota(
  account: Account,
  root: string,
  limits: ReadonlyMap<QuotaResource, number>,
): Promise<QuotaState> {
  const place = await account.locate(root);
  if (!account.administers(place.owner)) throw noPermission();
  await setLimits(account.store, place, rootPath(place), limits);
  return getQuota(account, root);
}

/** The same by the path in the tree; what is there already counts. */
export async function setLimits(
  store: MailStore,
  { tree, space }: Pick<Place, 'tree' | 'space'>,
  path: string,
  limits: ReadonlyMap<QuotaResource, number>,
): Promise<void> {
  const id = newId(store.clock.now());
  for (const resource of ['MAILBOX', 'ANNOTATION-STORAGE'] as const) {
    const value = limits.get(resource)?.toString();
    await tree.commit(({ state }) =>
      state.annotations.get(limitKey(path, resource)) === value
        ? { reply: undefined }
        : { record: annotateRecord(path, limitEntry(resource), value), reply: undefined },
    );
  }
  const { reply } = await tree.commit(({ state }) => {
    const there = state.quotaRoots.get(path);
    // Who gets limits of their own counts under the root of all users no more.
    const own = there === undefined || idIsShared(there.id) ? id : there.id;
    const next = { id: own, storageKib: limits.get('STORAGE'), messages: limits.get('MESSAGE') };
    return {
      record: setQuotaRecord(path, next),
      reply: { isNew: there?.id !== own, left: there?.id === own ? undefined : there?.id },
    };
  });
  if (reply.left !== undefined) await leaveRoot(store, reply.left, space);
  if (reply.isNew) await countAgain(store, tree, space, path);
}

/** What a space has counts no more under a root that others share; no recount of the space would find the root. */
export async function leaveRoot(store: MailStore, root: Id, space: Place['space']): Promise<void> {
  await store.quota.flush();
  await store.quota.recount(root, space, { bytes: 0, messages: 0 });
}

/** Nobody has counted under a new root yet, and the one above has counted too much; the sweep's recount settles the rest. */
export async function countAgain(store: MailStore, tree: Tree, space: Place['space'], path: string): Promise<void> {
  const { view } = await tree.refresh();
  const above = path === '' ? undefined : view.quotaRootOf(path.slice(0, Math.max(0, path.lastIndexOf(SEPARATOR))));
  for (const root of [view.state.quotaRoots.get(path), above?.root]) {
    if (root === undefined) continue;
    const statuses = await mailboxStatuses(store.ports.index, mailboxesUnder(view, root));
    const counted = { bytes: 0, messages: 0 };
    for (const status of statuses) {
      counted.bytes += status?.bytes ?? 0;
      counted.messages += status?.exists ?? 0;
    }
    await store.quota.recount(root.id, space, counted);
  }
}

/** Fails with `over-quota` when the root of the name has as many mailboxes as it may. */
export function requireMailboxQuota(view: TreeView, path: string): void {
  requireBelow(view, path, 'MAILBOX', mailboxCount);
}

/**
 * Fails with `over-quota` when annotations take all the room that the root of the name leaves them; `ofMessages`: what
 * those of messages take, in bytes.
 */
export function requireAnnotationQuota(view: TreeView, path: string, ofMessages: number): void {
  requireBelow(view, path, 'ANNOTATION-STORAGE', (tree, root) => annotationKib(tree, root, ofMessages));
}

/** The same before a message gets an annotation (RFC 5257). */
export async function requireMessageAnnotationQuota({ store, tree, path }: OpenMailbox): Promise<void> {
  const { view } = await tree.refresh();
  requireAnnotationQuota(view, path, await messageAnnotationBytes(store, view, path));
}

/** What annotations of messages take under the root of a name, where there is a limit; else nobody need know. */
export async function messageAnnotationBytes(store: MailStore, view: TreeView, path: string): Promise<number> {
  const found = view.quotaRootOf(path);
  if (found === undefined || limitOf(view, found.name, 'ANNOTATION-STORAGE') === undefined) return 0;
  const statuses = await mailboxStatuses(store.ports.index, mailboxesUnder(view, found.root));
  return statuses.reduce((sum, status) => sum + (status?.annotationBytes ?? 0), 0);
}

function requireBelow(
  view: TreeView,
  path: string,
  resource: QuotaResource,
  used: (view: TreeView, root: QuotaRoot) => number,
): void {
  const found = view.quotaRootOf(path);
  const limit = found && limitOf(view, found.name, resource);
  if (found === undefined || limit === undefined || used(view, found.root) < limit) return;
  throw new StoreError('over-quota', 'Quota exceeded');
}

async function stateOf(
  account: Account,
  given: string,
  { owner }: Place,
  view: TreeView,
  path: string,
): Promise<QuotaState> {
  const root = view.state.quotaRoots.get(path) as QuotaRoot;
  const { bytes, messages } = await account.store.quota.usage(root);
  const ofMessages = await messageAnnotationBytes(account.store, view, path);
  const used: Readonly<Record<QuotaResource, () => number>> = {
    STORAGE: () => Math.floor(bytes / 1024),
    MESSAGE: () => messages,
    MAILBOX: () => mailboxCount(view, root),
    'ANNOTATION-STORAGE': () => annotationKib(view, root, ofMessages),
  };
  const usages = QUOTA_RESOURCES.flatMap((resource) => {
    const limit = limitOf(view, path, resource);
    return limit === undefined ? [] : [{ resource, used: Math.max(0, used[resource]()), limit }];
  });
  const prefix = accountPrefix(given);
  // The root of all users together; an account has it at its top.
  if (idIsShared(root.id)) return { root: OTHER_USERS, usages };
  if (path === '' && isCommons(owner)) return { root: prefix, usages };
  return { root: `${prefix}${prefix === '' ? '' : SEPARATOR}${path === '' ? INBOX : path}`, usages };
}

/** The limits of the root at a path. */
export function limitsOf(view: TreeView, path: string): Map<QuotaResource, number> {
  const limits = new Map<QuotaResource, number>();
  for (const resource of QUOTA_RESOURCES) {
    const limit = limitOf(view, path, resource);
    if (limit !== undefined) limits.set(resource, limit);
  }
  return limits;
}

function limitOf(view: TreeView, path: string, resource: QuotaResource): number | undefined {
  const root = view.state.quotaRoots.get(path);
  if (resource === 'STORAGE') return root?.storageKib;
  if (resource === 'MESSAGE') return root?.messages;
  const limit = view.state.annotations.get(limitKey(path, resource));
  return limit === undefined ? undefined : Number(limit);
}

function mailboxesUnder(view: TreeView, root: QuotaRoot): Id[] {
  const mine = [...view.state.bindings].filter(([name]) => view.quotaRootOf(name)?.root.id === root.id);
  return mine.map(([, { mailbox }]) => mailbox);
}

function mailboxCount(view: TreeView, root: QuotaRoot): number {
  return mailboxesUnder(view, root).length;
}

/** KiB of the values that clients have put under the root (RFC 9208 §5.4). */
function annotationKib(view: TreeView, root: QuotaRoot, ofMessages: number): number {
  let bytes = ofMessages;
  for (const [key, value] of view.state.annotations) {
    const [name = '', entry = ''] = key.split('\0');
    if (!entry.startsWith(LIMIT_PREFIX) && view.quotaRootOf(name)?.root.id === root.id)
      bytes += Buffer.byteLength(value);
  }
  return Math.floor(bytes / 1024);
}

/** No entry that a client can name begins so (RFC 5464 §4.1). */
const LIMIT_PREFIX = '/quota/';

function limitEntry(resource: QuotaResource): string {
  return `${LIMIT_PREFIX}${resource}`;
}

function limitKey(path: string, resource: QuotaResource): string {
  return annotationKey(path, limitEntry(resource));
}

/** A root on INBOX is that of the whole account: everything else of it is below. */
function rootPath({ path }: Place): string {
  return path === INBOX ? '' : path;
}
