import { newId } from '../base/ids.ts';
import { Directory, type User } from './directory.ts';
import { StoreError } from './errors.ts';
import type { MailStore } from './mail-store.ts';

/**
 * Name in the directory of the account that belongs to nobody: shared mailboxes, and what is said of the server itself. No
 * user can have it, and nobody can log in to it.
 */
export const COMMONS = '/';

/** The account that belongs to nobody, if it has been made. */
export function findCommons(store: MailStore): Promise<User | undefined> {
  return new Directory(store.ports.index).find(COMMONS);
}

/** The same, made when it is not there. */
export async function makeCommons(store: MailStore): Promise<User> {
  const there = await findCommons(store);
  if (there !== undefined) return there;
  const [id, space] = [newId(store.clock.now()), newId(store.clock.now())];
  const tree = await store.createTree(id, space);
  try {
    const directory = new Directory(store.ports.index);
    return await directory.add({ id, name: COMMONS, tree, space, verifier: undefined, groups: [] });
  } catch (error) {
    // Another process was first; the tree that nobody names goes with the sweep.
    const theirs = await findCommons(store);
    if (theirs !== undefined && error instanceof StoreError && error.code === 'already-exists') return theirs;
    throw error;
  }
}
