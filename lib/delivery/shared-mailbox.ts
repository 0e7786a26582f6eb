import { commonsName, findCommons } from '../store/commons.ts';
import type { User } from '../store/directory.ts';
import type { MailStore } from '../store/mail-store.ts';
import type { RecipientAddress } from './address.ts';
import { mayPost, spellings } from './places.ts';
import type { RecipientState } from './recipients.ts';

/** The shared mailbox that an address names: after the `+` behind `postuser`, or behind nothing when there is no such user. */
export function sharedFolderOf(
  { local, detail }: RecipientAddress,
  postUser: string,
  lowerCase: boolean,
): string | undefined {
  if (postUser !== '') {
    const isPost = lowerCase ? local.toLowerCase() === postUser.toLowerCase() : local === postUser;
    return isPost ? detail : undefined;
  }
  if (!local.startsWith('+') || local.length === 1) return undefined;
  return detail === undefined ? local.slice(1) : `${local.slice(1)}+${detail}`;
}

/**
 * A shared mailbox as a recipient: it stands where a user has INBOX. `no-permission`: whoever sends may not post there
 * (RFC 4314 p), which the sender is told, since there is no other place for the mail.
 */
export async function findSharedMailbox(
  store: MailStore,
  wanted: {
    readonly folder: string;
    readonly domain: string | undefined;
    readonly defaultDomain: string | undefined;
    readonly poster: string | undefined;
  },
): Promise<RecipientState | 'no-permission' | undefined> {
  const { folder, domain, defaultDomain, poster } = wanted;
  const isDefault = domain === undefined || domain === defaultDomain;
  // With a default domain the mailboxes of users with and without a domain are the same.
  const owners = [
    ...(isDefault ? [commonsName()] : []),
    ...[domain ?? defaultDomain].flatMap((d) => (d ? [commonsName(d)] : [])),
  ];
  for (const owner of owners) {
    const user = await findCommons(store, owner);
    if (user === undefined) continue;
    const { view } = await store.tree(user.tree).refresh();
    for (const path of spellings(folder)) {
      const binding = view.binding(path);
      if (binding === undefined) continue;
      return mayPost(binding, poster) ? sharedMailboxAt(store, user, path) : 'no-permission';
    }
  }
  return undefined;
}

/** A mailbox of an account that belongs to nobody, where a user has INBOX; undefined when it is not there. */
export async function sharedMailboxAt(store: MailStore, user: User, path: string): Promise<RecipientState | undefined> {
  const tree = store.tree(user.tree);
  const { head, view } = tree.cached ?? (await tree.refresh());
  const binding = view.binding(path);
  if (binding === undefined) return undefined;
  const quotaRoot = view.quotaRootOf(path)?.root;
  const usage = quotaRoot === undefined ? { bytes: 0, messages: 0 } : await store.quota.usage(quotaRoot);
  return { user, treeHead: head, inbox: binding.mailbox, path, quotaRoot, usage };
}
