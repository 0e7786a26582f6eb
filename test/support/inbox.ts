import { Account, type OpenMailbox } from '../../lib/store/account.ts';
import { append } from '../../lib/store/append.ts';
import type { User } from '../../lib/store/directory.ts';
import type { MailStore } from '../../lib/store/mail-store.ts';
import type { Index } from '../../lib/store/ports.ts';
import { addUser } from '../../lib/store/users.ts';
import type { TestStore } from './test-store.ts';

let users = 0;

/** A new user's INBOX with so many messages. */
export async function newInbox(home: TestStore, messages = 0): Promise<OpenMailbox> {
  const user = await addUser(home.store, { name: `user${++users}`, verifier: undefined });
  const inbox = await openIn(home.store, user);
  if (messages > 0) await fill(home, inbox, messages);
  return inbox;
}

/** A mailbox of the user as another process (or the same) sees it. */
export function openIn(store: MailStore, user: User, name = 'INBOX'): Promise<OpenMailbox> {
  return new Account(store, user).open(name);
}

/** Appends messages, as one commit. */
export async function fill(home: TestStore, open: OpenMailbox, count: number, flags: readonly string[] = []) {
  const stored = await Promise.all(Array.from({ length: count }, () => home.message(open.space)));
  return append(
    open,
    stored.map((message) => ({ ...message, flags })),
  );
}

/** The index, but puts of items with a `rev` condition (heads) wait for `gate`, and fail when it throws. */
export function gatedHeads(index: Index, gate: () => Promise<void>): Index {
  return {
    get: (...args) => index.get(...args),
    batchGet: (...args) => index.batchGet(...args),
    async put(key, item, condition) {
      if (typeof condition === 'object') await gate();
      return index.put(key, item, condition);
    },
    delete: (...args) => index.delete(...args),
    add: (...args) => index.add(...args),
    query: (...args) => index.query(...args),
    scan: (...args) => index.scan(...args),
    close: () => index.close(),
  };
}
