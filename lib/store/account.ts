import type { Id } from '../base/ids.ts';
import type { User } from './directory.ts';
import { Directory } from './directory.ts';
import { StoreError } from './errors.ts';
import type { MailStore } from './mail-store.ts';
import type { Mailbox } from './mailbox.ts';
import { ALL_RIGHTS, hasRight, type Identity, type Right, rightsOf } from './rights.ts';
import type { Tree } from './tree.ts';
import { type Binding, type QuotaRoot, SEPARATOR, type TreeView } from './tree-view.ts';

/** First segment of names in other users' accounts: `Other Users/anna/Project`. */
export const OTHER_USERS = 'Other Users';

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
  readonly quotaRoot: QuotaRoot | undefined;
}

/** The mail store as one user sees it. */
export class Account {
  readonly store: MailStore;
  readonly user: User;
  readonly identity: Identity;

  constructor(store: MailStore, user: User) {
    this.store = store;
    this.user = user;
    this.identity = { identifier: user.name, groups: user.groups };
  }

  get tree(): Tree {
    return this.store.tree(this.user.tree);
  }

  /** Where a name is; `nonexistent` when it names a user who does not exist. */
  async locate(name: string): Promise<Place> {
    if (name !== OTHER_USERS && !name.startsWith(`${OTHER_USERS}${SEPARATOR}`)) {
      return { tree: this.tree, space: this.user.space, path: inboxCased(name), isOwner: true, owner: this.user.name };
    }
    const [, owner = '', ...rest] = name.split(SEPARATOR);
    const user = owner === '' ? undefined : await new Directory(this.store.ports.index).find(owner);
    if (user === undefined) throw nonexistent(name);
    const path = inboxCased(rest.join(SEPARATOR));
    const isOwner = user.id === this.user.id;
    return { tree: this.store.tree(user.tree), space: user.space, path, isOwner, owner: user.name };
  }

  /** What this user may do with the binding. */
  rights(place: Place, binding: Binding): string {
    return place.isOwner ? ALL_RIGHTS : rightsOf(binding.acl, this.identity);
  }

  /**
   * Opens a mailbox by name. A mailbox that the user may not look up does not exist (`nonexistent`); without the right
   * asked for: `no-permission`.
   */
  async open(name: string, right: Right = 'r'): Promise<OpenMailbox> {
    const place = await this.locate(name);
    const { view } = await place.tree.refresh();
    const binding = view.binding(place.path);
    if (binding === undefined) throw nonexistent(name);
    return this.#open(name, place, view, binding, right);
  }

  #open(name: string, place: Place, view: TreeView, binding: Binding, right: Right): OpenMailbox {
    const rights = this.rights(place, binding);
    if (!hasRight(rights, 'l') && !hasRight(rights, right)) throw nonexistent(name);
    if (!hasRight(rights, right)) throw new StoreError('no-permission', `no ${right} right on ${name}`);
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
      quotaRoot: view.quotaRootOf(place.path)?.root,
    };
  }
}

/** INBOX in any case is INBOX, also as the first of several segments (RFC 9051 §5.1). */
export function inboxCased(name: string): string {
  const [first = '', ...rest] = name.split(SEPARATOR);
  return first.toUpperCase() === 'INBOX' ? ['INBOX', ...rest].join(SEPARATOR) : name;
}

export function nonexistent(name: string): StoreError {
  return new StoreError('nonexistent', `no mailbox ${name}`);
}

/** Fails with `no-permission` unless the user has the right on the opened mailbox. */
export function requireRight(open: OpenMailbox, right: Right): void {
  if (!hasRight(open.rights, right)) throw new StoreError('no-permission', `no ${right} right on ${open.name}`);
}
