import { randomBytes } from 'node:crypto';
import { type Account, nonexistent } from './account.ts';
import { annotateRecord, annotationKey } from './tree-records.ts';

const KEY_BYTES = 32;

/** Where a user's key for a mailbox is among the mailbox's annotations: neither shared nor private, so METADATA shows none. */
function keyEntry(account: Account): string {
  return `/urlauth:${account.user.id}`;
}

/**
 * The key with which URLs of a mailbox are signed for a user (RFC 4467 §2.1), made when there is none. It goes along with a
 * RENAME, and ends with the mailbox. Errors: `nonexistent`.
 */
export async function mailboxKey(account: Account, name: string): Promise<string> {
  const { tree, path } = await account.locate(name);
  const entry = keyEntry(account);
  const fresh = randomBytes(KEY_BYTES).toString('hex');
  const { reply } = await tree.commit((view) => {
    if (view.binding(path) === undefined) throw nonexistent();
    const known = view.state.annotations.get(annotationKey(path, entry));
    return known === undefined ? { record: annotateRecord(path, entry, fresh), reply: fresh } : { reply: known };
  });
  return reply;
}

/** The key when there is one. */
export async function knownMailboxKey(account: Account, name: string): Promise<string | undefined> {
  const { tree, path } = await account.locate(name);
  const { view } = await tree.refresh();
  return view.state.annotations.get(annotationKey(path, keyEntry(account)));
}

/** Forgets the key of a mailbox, or of all mailboxes of the user's own: what was signed with it is good no more. */
export async function resetMailboxKeys(account: Account, name: string | undefined): Promise<void> {
  const entry = keyEntry(account);
  if (name !== undefined) {
    const { tree, path } = await account.locate(name);
    await tree.commit((view) => {
      if (view.binding(path) === undefined) throw nonexistent();
      const known = view.state.annotations.has(annotationKey(path, entry));
      return known ? { record: annotateRecord(path, entry, undefined), reply: undefined } : { reply: undefined };
    });
    return;
  }
  const { view } = await account.tree.refresh();
  for (const path of view.state.bindings.keys()) {
    if (view.state.annotations.has(annotationKey(path, entry))) await resetMailboxKeys(account, path);
  }
}
