import { newId } from '../base/ids.ts';
import { Directory, NO_DOMAIN, splitUserName, type User } from './directory.ts';
import { StoreError } from './errors.ts';
import type { MailStore } from './mail-store.ts';

/**
 * Local part, in the directory, of the accounts that belong to nobody: one for users without a domain (`/`), which also has
 * what is said of the server itself, and one for each domain (`/@example.net`). Shared mailboxes are in them. No user can have
 * the name, and nobody can log in to it.
 */
export const COMMONS = '/';

/** Whether the account of that name belongs to nobody. */
export function isCommons(name: string): boolean {
  return splitUserName(name).local === COMMONS;
}

/** Name of a domain's account that belongs to nobody. */
export function commonsName(domain: string = NO_DOMAIN): string {
  return domain === NO_DOMAIN ? COMMONS : `${COMMONS}@${domain}`;
}

/** The account that belongs to nobody, if it has been made. */
export function findCommons(store: MailStore, name: string = COMMONS): Promise<User | undefined> {
  return new Directory(store.ports.index).find(name);
}

/** The same, made when it is not there. */
export async function makeCommons(store: MailStore, name: string = COMMONS): Promise<User> {
  const there = await findCommons(store, name);
  if (there !== undefined) return there;
  const [id, space] = [newId(store.clock.now()), newId(store.clock.now())];
  const tree = await store.createTree(id, space);
  try {
    const directory = new Directory(store.ports.index);
    return await directory.add({ id, name, tree, space, verifier: undefined, groups: [] });
  } catch (error) {
    // Another process was first; the tree that nobody names goes with the sweep.
    const theirs = await findCommons(store, name);
    if (theirs !== undefined && error instanceof StoreError && error.code === 'already-exists') return theirs;
    throw error;
  }
}
