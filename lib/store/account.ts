import type { Id } from '../base/ids.ts';
import { commonsName, findCommons, isCommons } from './commons.ts';
import type { User } from './directory.ts';
import { Directory, NO_DOMAIN, splitUserName } from './directory.ts';
import { StoreError } from './errors.ts';
import type { MailStore } from './mail-store.ts';
import type { Mailbox } from './mailbox.ts';
import {
  hasRight,
  type Identity,
  IMPLICIT_RIGHTS,
  orderedRights,
  ownerRights,
  type Right,
  rightsOf,
} from './rights.ts';
import type { Tree } from './tree.ts';
import { annotationKey } from './tree-records.ts';
import { type Acl, type Binding, type QuotaRoot, SEPARATOR, type TreeView } from './tree-view.ts';

/** First segment of names in other users' accounts: `Other Users/anna/Project`. */
export const OTHER_USERS = 'Other Users';

/**
 * First segment of names that are nobody's: `Shared Folders/News` is a mailbox of the user's own domain; administrators name
 * those of another one as `Shared Folders@example.net/News`.
 */
export const SHARED_FOLDERS = 'Shared Folders';

/** What a mailbox at the top of a shared hierarchy is born with, unless `defaultacl` says otherwise. */
export const DEFAULT_ACL: Acl = new Map([['anyone', 'lrs']]);

/** A name as its tree knows it. */
export interface Place {
  readonly tree: Tree;
  readonly space: Id;
  /** `INBOX`, `a/b`; '' is the account itself. */
  readonly path: string;
  readonly isOwner: boolean;
  /** User name of the account's owner. */
  readonly owner: string;
}

/** A mailbox that a user has opened, with what the user may do in it. */
export interface OpenMailbox {
  readonly account: Account;
  readonly store: MailStore;
  readonly mailbox: Mailbox;
  readonly tree: Tree;
  /** As the user names it. */
  readonly name: string;
  readonly path: string;
  readonly uidValidity: number;
  readonly space: Id;
  readonly rights: string;
  readonly isOwner: boolean;
  /** User name of the account's owner. */
  readonly owner: string;
  /** \Seen is this user's own and in no record (Rule 16). */
  readonly privateSeen: boolean;
  readonly quotaRoot: QuotaRoot | undefined;
}

/** How mailboxes are called outside, as the keys of the same name say. */
export interface NameOptions {
  /** Own mailboxes are beside INBOX; without, they are below it and everybody's are called from the same root. */
  readonly altNamespace: boolean;
  /** `/` between the levels; without, `.`. */
  readonly unixHierarchySep: boolean;
}

export interface AccountOptions {
  /** Administrators by user name; one with a domain administers that domain only. */
  readonly admins?: readonly string[];
  /** Domain of users named without one. */
  readonly defaultDomain?: string | undefined;
  /** ACL of new mailboxes at the top of a shared hierarchy (`defaultacl`). */
  readonly defaultAcl?: Acl;
  /** What protocols call mailboxes (`altnamespace`, `unixhierarchysep`); both are on without. */
  readonly naming?: NameOptions;
}

/** The mail store as one user sees it. */
export class Account {
  readonly store: MailStore;
  readonly user: User;
  readonly identity: Identity;
  readonly isAdmin: boolean;
  readonly defaultDomain: string | undefined;
  readonly defaultAcl: Acl;
  /** For whoever translates names (`NameView`): all names here are the store's. */
  readonly naming: NameOptions;

  constructor(store: MailStore, user: User, options: AccountOptions = {}) {
    const { admins = [], defaultDomain, defaultAcl = DEFAULT_ACL } = options;
    this.store = store;
    this.user = user;
    this.isAdmin = admins.includes(user.name);
    this.defaultDomain = defaultDomain;
    this.defaultAcl = defaultAcl;
    this.naming = options.naming ?? { altNamespace: true, unixHierarchySep: true };
    this.identity = { identifier: user.name, groups: user.groups, isAdmin: this.isAdmin };
  }

  /** Whether this user administers the account of that name: every one, or those of the own domain. */
  administers(owner: string): boolean {
    const { domain } = splitUserName(this.user.name);
    return this.isAdmin && (!this.user.name.includes('@') || domain === splitUserName(owner).domain);
  }

  get tree(): Tree {
    return this.store.tree(this.user.tree);
  }

  /**
   * Names, best first, of the account that has the shared mailboxes which a name is about: with `defaultdomain` those of
   * users with and without a domain are the same. Undefined: the name is of no shared mailbox.
   */
  sharedOwners(name: string): readonly string[] | undefined {
    const [first = ''] = name.split(SEPARATOR);
    const own = splitUserName(this.user.name).domain;
    const domain =
      first === SHARED_FOLDERS
        ? own
        : first.startsWith(`${SHARED_FOLDERS}@`)
          ? first.slice(SHARED_FOLDERS.length + 1)
          : undefined;
    if (domain === undefined) return undefined;
    const other = domain === NO_DOMAIN ? this.defaultDomain : domain === this.defaultDomain ? NO_DOMAIN : undefined;
    return [domain, ...(other === undefined ? [] : [other])].map(commonsName);
  }

  /** What this user calls the shared mailboxes of an account that is nobody's; undefined: they are none of the user's. */
  async sharedPrefix(owner: string): Promise<string | undefined> {
    if ((await this.#findShared(SHARED_FOLDERS))?.name === owner) return SHARED_FOLDERS;
    return this.administers(owner) ? `${SHARED_FOLDERS}@${splitUserName(owner).domain}` : undefined;
  }

  async #findShared(name: string): Promise<User | undefined> {
    for (const owner of this.sharedOwners(name) ?? []) {
      const found = await findCommons(this.store, owner);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #locateShared(name: string): Promise<Place> {
    const shared = await this.#findShared(name);
    const isOwn = accountPrefix(name) === SHARED_FOLDERS;
    if (shared === undefined || !(isOwn || this.administers(shared.name))) throw nonexistent();
    const path = name.slice(accountPrefix(name).length + SEPARATOR.length);
    return { tree: this.store.tree(shared.tree), space: shared.space, path, isOwner: false, owner: shared.name };
  }

  /** Where a name is; `nonexistent` when it names a user who does not exist, or no shared mailbox was ever made. */
  async locate(name: string): Promise<Place> {
    if (this.sharedOwners(name) !== undefined) return this.#locateShared(name);
    if (name !== OTHER_USERS && !name.startsWith(`${OTHER_USERS}${SEPARATOR}`)) {
      return { tree: this.tree, space: this.user.space, path: inboxCased(name), isOwner: true, owner: this.user.name };
    }
    const [, owner = '', ...rest] = name.split(SEPARATOR);
    const user = owner === '' || isCommons(owner) ? undefined : await new Directory(this.store.ports.index).find(owner);
    if (user === undefined) throw nonexistent();
    const path = inboxCased(rest.join(SEPARATOR));
    const isOwner = user.id === this.user.id;
    return { tree: this.store.tree(user.tree), space: user.space, path, isOwner, owner: user.name };
  }

  /** What this user may do with the binding. */
  rights(place: Place, binding: Binding): string {
    if (place.isOwner) return ownerRights(binding.acl, this.identity);
    const given = rightsOf(binding.acl, this.identity);
    return this.administers(place.owner) ? orderedRights(`${given}${IMPLICIT_RIGHTS}`) : given;
  }

  /**
   * Opens a mailbox by name. A mailbox that the user may not look up does not exist (`nonexistent`); without the right
   * asked for: `no-permission`.
   */
  async open(name: string, right: Right = 'r'): Promise<OpenMailbox> {
    const place = await this.locate(name);
    const { view } = await place.tree.refresh();
    const binding = view.binding(place.path);
    if (binding === undefined) throw nonexistent();
    return this.#open(name, place, view, binding, right);
  }

  #open(name: string, place: Place, view: TreeView, binding: Binding, right: Right): OpenMailbox {
    const rights = this.rights(place, binding);
    if (!hasRight(rights, 'l') && !hasRight(rights, right)) throw nonexistent();
    if (!hasRight(rights, right)) throw noPermission();
    return {
      account: this,
      store: this.store,
      mailbox: this.store.mailbox(binding.mailbox),
      tree: place.tree,
      name,
      path: place.path,
      uidValidity: binding.uidValidity,
      space: place.space,
      rights,
      isOwner: place.isOwner,
      owner: place.owner,
      privateSeen: hasPrivateSeen(place, view),
      quotaRoot: view.quotaRootOf(place.path)?.root,
    };
  }
}

/** The annotation that makes \Seen of a mailbox the same for everybody (Cyrus' `sharedseen`). */
export const SHARED_SEEN = '/shared/vendor/cmu/cyrus-imapd/sharedseen';

/** Whether others than the owner have \Seen of their own in the mailbox (Rule 16). */
export function hasPrivateSeen({ path, isOwner }: Pick<Place, 'path' | 'isOwner'>, view: TreeView): boolean {
  return !isOwner && view.state.annotations.get(annotationKey(path, SHARED_SEEN)) !== 'true';
}

/** The part of a name that says in whose account it is, without the separator; '' for the user's own. */
export function accountPrefix(name: string): string {
  const [first = '', owner = ''] = name.split(SEPARATOR);
  if (first === OTHER_USERS) return `${OTHER_USERS}${SEPARATOR}${owner}`;
  return first === SHARED_FOLDERS || first.startsWith(`${SHARED_FOLDERS}@`) ? first : '';
}

/** INBOX in any case is INBOX, also as the first of several segments (RFC 9051 §5.1). */
export function inboxCased(name: string): string {
  const [first = '', ...rest] = name.split(SEPARATOR);
  return first.toUpperCase() === 'INBOX' ? ['INBOX', ...rest].join(SEPARATOR) : name;
}

/** The words of Cyrus: cyradm prints them. */
export function nonexistent(): StoreError {
  return new StoreError('nonexistent', 'Mailbox does not exist');
}

export function noPermission(): StoreError {
  return new StoreError('no-permission', 'Permission denied');
}

/** Fails with `no-permission` unless the user has the right on the opened mailbox. */
export function requireRight(open: OpenMailbox, right: Right): void {
  if (!hasRight(open.rights, right)) throw noPermission();
}
