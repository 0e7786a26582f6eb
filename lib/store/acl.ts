import { type Account, nonexistent, type Place } from './account.ts';
import { StoreError } from './errors.ts';
import { grantKey } from './keys.ts';
import { ALL_RIGHTS, hasRight } from './rights.ts';
import { setAclRecord } from './tree-records.ts';

/**
 * Sets, or without rights removes, an identifier's entry in a mailbox's ACL (RFC 4314 §3.1). The grant is noted for the
 * identifier before the tree first gives it l or r: a superset, the tree decides (Rule 18). Needs the right a.
 */
export async function setAcl(
  account: Account,
  name: string,
  identifier: string,
  rights: string | undefined,
): Promise<void> {
  const unknown = [...(rights ?? '')].find((right) => !ALL_RIGHTS.includes(right));
  if (unknown !== undefined) {
    throw new StoreError('cannot', `"${unknown}" is not a right; rights are the letters ${ALL_RIGHTS}`);
  }
  if (identifier === '' || /[\s/\u0000-\u001f]/.test(identifier)) {
    throw new StoreError('cannot', 'Invalid identifier');
  }
  const place = await account.locate(name);
  const { view } = await place.tree.refresh();
  const binding = view.binding(place.path);
  if (binding === undefined) throw nonexistent(name);
  const mine = account.rights(place, binding);
  if (!hasRight(mine, 'a')) {
    throw hasRight(mine, 'l') ? new StoreError('no-permission', `no a right on ${name}`) : nonexistent(name);
  }
  if (!identifier.startsWith('-') && /[lr]/.test(rights ?? '')) await noteGrant(account, identifier, place);
  await place.tree.commit((now) => {
    if (now.binding(place.path) === undefined) throw nonexistent(name);
    return { record: setAclRecord({ name: place.path, identifier, rights }), reply: undefined };
  });
}

/** Notes that the tree may grant something to the identifier; again, so that a sweep that removes an old note sees it. */
async function noteGrant(account: Account, identifier: string, { tree, owner }: Place): Promise<void> {
  const { index } = account.store.ports;
  const key = grantKey(identifier, tree.id);
  const note = { n: Buffer.from(owner, 'utf8') };
  let result = await index.put(key, { ...note, r: 1 }, 'absent');
  while (!result.ok) {
    const rev = typeof result.current?.r === 'number' ? result.current.r : undefined;
    result = await index.put(key, { ...note, r: (rev ?? 0) + 1 }, rev === undefined ? 'absent' : { rev });
  }
}
