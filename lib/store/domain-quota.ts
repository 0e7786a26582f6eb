import { idIsShared, newId } from '../base/ids.ts';
import { type Account, noPermission, OTHER_USERS } from './account.ts';
import { commonsName, findCommons, isCommons, makeCommons } from './commons.ts';
import { Directory, splitUserName, type User } from './directory.ts';
import { StoreError } from './errors.ts';
import type { MailStore } from './mail-store.ts';
import { countAgain, type QuotaResource, type QuotaState } from './quota-roots.ts';
import { setQuotaRecord } from './tree-records.ts';
import type { QuotaRoot } from './tree-view.ts';

/** Where a domain's account of nobody keeps the root of all its users: no mailbox can have the name. */
const EVERYBODY = '/user';

/** The resources that can be limited for all users of a domain together. */
const RESOURCES: readonly QuotaResource[] = ['STORAGE', 'MESSAGE'];

/**
 * The domain whose users a quota root's name means together: `Other Users` (as administrators call it `user`) those of the
 * own domain, `Other Users@example.net` those of that one. Undefined: the name is of no such root.
 */
export function domainOfRoot(account: Account, root: string): string | undefined {
  if (root === OTHER_USERS) return splitUserName(account.user.name).domain;
  return root.startsWith(`${OTHER_USERS}@`) ? root.slice(OTHER_USERS.length + 1) : undefined;
}

/** GETQUOTA of all users together, for administrators. */
export async function getDomainQuota(account: Account, name: string, domain: string): Promise<QuotaState> {
  if (!account.administers(commonsName(domain))) throw noPermission();
  const root = await domainRoot(account.store, domain);
  if (root === undefined) throw new StoreError('nonexistent', 'Quota root does not exist');
  const { bytes, messages } = await account.store.quota.usage(root);
  const usages = [
    { resource: 'STORAGE', used: Math.max(0, Math.floor(bytes / 1024)), limit: root.storageKib },
    { resource: 'MESSAGE', used: Math.max(0, messages), limit: root.messages },
  ] as const;
  return {
    root: name,
    usages: usages.flatMap(({ limit, ...one }) => (limit === undefined ? [] : [{ ...one, limit }])),
  };
}

/**
 * SETQUOTA of all users of a domain together: each without a root of its own counts under the one. Objects first: users who
 * come meanwhile take it as they are made. After a failure it can be said again.
 */
export async function setDomainQuota(
  account: Account,
  name: string,
  domain: string,
  limits: ReadonlyMap<QuotaResource, number>,
): Promise<QuotaState> {
  const { store } = account;
  if (!account.administers(commonsName(domain))) throw noPermission();
  const other = [...limits.keys()].find((resource) => !RESOURCES.includes(resource));
  if (other !== undefined) throw new StoreError('cannot', `all users together cannot be limited in ${other}`);
  const directory = new Directory(store.ports.index);
  const { tree } = await makeCommons(store, commonsName(domain));
  const id = newId(store.clock.now(), { shared: true });
  const { reply: root } = await store.tree(tree).commit(({ state }) => {
    const next: QuotaRoot = {
      id: state.quotaRoots.get(EVERYBODY)?.id ?? id,
      storageKib: limits.get('STORAGE'),
      messages: limits.get('MESSAGE'),
    };
    return { record: setQuotaRecord(EVERYBODY, next), reply: next };
  });
  for await (const user of directory.list()) {
    if (splitUserName(user.name).domain === domain && !isCommons(user.name)) await putUnder(store, user, root);
  }
  return getDomainQuota(account, name, domain);
}

/** A new user counts under the root of all users, where there is one. */
export async function joinDomainQuota(store: MailStore, user: Pick<User, 'name' | 'tree' | 'space'>): Promise<void> {
  const root = await domainRoot(store, splitUserName(user.name).domain);
  if (root !== undefined) await putUnder(store, user, root);
}

async function domainRoot(store: MailStore, domain: string): Promise<QuotaRoot | undefined> {
  const commons = await findCommons(store, commonsName(domain));
  if (commons === undefined) return undefined;
  return (await store.tree(commons.tree).refresh()).view.state.quotaRoots.get(EVERYBODY);
}

/** A user's own root replaces the one above it, and may be larger. */
async function putUnder(store: MailStore, user: Pick<User, 'tree' | 'space'>, root: QuotaRoot): Promise<void> {
  const tree = store.tree(user.tree);
  const { reply: isNew } = await tree.commit(({ state }) => {
    const there = state.quotaRoots.get('');
    const isSame = there?.storageKib === root.storageKib && there?.messages === root.messages;
    if (there !== undefined && (!idIsShared(there.id) || (isSame && there.id === root.id))) return { reply: false };
    return { record: setQuotaRecord('', root), reply: there?.id !== root.id };
  });
  if (isNew) await countAgain(store, tree, user.space, '');
}
