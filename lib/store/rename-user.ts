import type { Account, Place } from './account.ts';
import { noteGrant } from './acl.ts';
import { Directory } from './directory.ts';
import { StoreError } from './errors.ts';
import { setAclRecord } from './tree-records.ts';
import { checkUserName } from './users.ts';

/** Gives a user with everything that is kept of the user another name; nobody may have it yet. */
export async function renameUser(account: Account, from: string, to: string): Promise<void> {
  checkUserName(to);
  const directory = new Directory(account.store.ports.index);
  const user = await directory.find(from);
  if (user === undefined) throw new StoreError('nonexistent', 'Mailbox does not exist');
  if ((await directory.find(to)) !== undefined) throw new StoreError('already-exists', 'Mailbox already exists');
  await directory.add({ ...user, name: to });
  const tree = account.store.tree(user.tree);
  const { view } = await tree.refresh();
  const place: Place = { tree, space: user.space, path: '', isOwner: false, owner: to };
  for (const [name, { acl }] of view.state.bindings) {
    for (const [identifier, rights] of acl) {
      // Grants say whose tree it is: those who have one find it under the new name.
      if (identifier !== from && !identifier.startsWith('-')) await noteGrant(account, identifier, place);
      if (identifier !== from) continue;
      await tree.commit(() => ({ record: setAclRecord({ name, identifier: to, rights }), reply: undefined }));
      await tree.commit(() => ({ record: setAclRecord({ name, identifier, rights: undefined }), reply: undefined }));
    }
  }
  await directory.remove(user);
}
