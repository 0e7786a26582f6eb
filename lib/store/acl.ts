import { type Account, nonexistent, noPermission, type Place } from './account.ts';
import { isCommons } from './commons.ts';
import { Directory, splitUserName } from './directory.ts';
import { StoreError } from './errors.ts';
import { grantKey } from './keys.ts';
import { ALL_RIGHTS, hasRight, IMPLICIT_RIGHTS, orderedRights, ownerRights } from './rights.ts';
import { setAclRecord } from './tree-records.ts';
import type { Acl, Binding } from './tree-view.ts';
import { userNames } from './user-names.ts';

/** Entries of one mailbox's ACL, and what an identifier may take up. */
export const MAX_ACL_ENTRIES = 1000;
export const MAX_IDENTIFIER_BYTES = 300;

/** How an entry is changed; the rights are letters of RFC 4314 §2.1 only. */
export interface AclChange {
  readonly mode: 'replace' | 'add' | 'remove';
  readonly rights: string;
}

/** One identifier's entry, in the order in which it is told. */
export type AclEntry = readonly [identifier: string, rights: string];

/**
 * Sets, or without rights removes, an identifier's entry in a mailbox's ACL. Needs the right a (RFC 4314 §4). Errors:
 * `nonexistent`, `no-permission`, `cannot` for an identifier that cannot be one, `too-many`.
 */
export function setAcl(account: Account, name: string, given: string, rights: string | undefined): Promise<void> {
  return changeAcl(account, name, given, rights === undefined ? undefined : { mode: 'replace', rights });
}

/**
 * The same with rights added or taken away (RFC 4314 §3.1). The grant is noted for the identifier before the tree first
 * gives it l or r: a superset, the tree decides (Rule 18).
 */
export async function changeAcl(
  account: Account,
  name: string,
  given: string,
  change: AclChange | undefined,
): Promise<void> {
  const unknown = [...(change?.rights ?? '')].find((right) => !ALL_RIGHTS.includes(right));
  if (unknown !== undefined) {
    throw new StoreError('cannot', `"${unknown}" is not a right; rights are the letters ${ALL_RIGHTS}`);
  }
  const { place, binding } = await administered(account, name);
  const identifier = await canonicalIdentifier(account, place, given, binding.acl);
  const grants = change !== undefined && change.mode !== 'remove' && /[lr]/.test(change.rights);
  if (grants && !identifier.startsWith('-')) await noteGrant(account, identifier, place);
  await place.tree.commit((now) => {
    const there = now.binding(place.path);
    if (there === undefined) throw nonexistent();
    const rights = changedRights(there.acl, identifier, identifier === place.owner, change);
    if (there.acl.get(identifier) === rights) return { reply: undefined };
    if (!there.acl.has(identifier) && there.acl.size >= MAX_ACL_ENTRIES) {
      throw new StoreError('too-many', `an ACL has at most ${MAX_ACL_ENTRIES} entries`);
    }
    return { record: setAclRecord({ name: place.path, identifier, rights }), reply: undefined };
  });
}

/** What the entry becomes; undefined: it goes. The owner without an entry has every right, so that one is kept empty. */
function changedRights(
  acl: Acl,
  identifier: string,
  isOwner: boolean,
  change: AclChange | undefined,
): string | undefined {
  const before = acl.get(identifier) ?? (isOwner ? ALL_RIGHTS : '');
  const after =
    change === undefined
      ? ''
      : change.mode === 'add'
        ? `${before}${change.rights}`
        : change.mode === 'remove'
          ? [...before].filter((right) => !change.rights.includes(right)).join('')
          : change.rights;
  return after === '' && !isOwner ? undefined : orderedRights(after);
}

/** GETACL (RFC 4314 §3.3): the owner's entry first, then as they were set. Needs the right a. */
export async function getAcl(account: Account, name: string): Promise<readonly AclEntry[]> {
  const { place, binding } = await administered(account, name);
  const { acl } = binding;
  if (isCommons(place.owner)) return [...acl];
  const own = { identifier: place.owner, groups: [] };
  const others = [...acl].filter(([identifier]) => identifier !== place.owner);
  // What others take from everybody is in their own entries.
  const owners = ownerRights(new Map([...acl].filter(([identifier]) => identifier === place.owner)), own);
  return [[place.owner, owners], ...others];
}

/** MYRIGHTS (RFC 4314 §3.5). A mailbox that the user may do nothing with that §4 lets one know does not exist. */
export async function myRights(account: Account, name: string): Promise<string> {
  const { rights } = await found(account, name);
  if (!/[lrikxa]/.test(rights)) throw nonexistent();
  return rights;
}

/** LISTRIGHTS (RFC 4314 §3.4): rights that the identifier always has, then those that can be given. Needs the right a. */
export async function listRights(
  account: Account,
  name: string,
  given: string,
): Promise<{ readonly required: string; readonly optional: readonly string[] }> {
  const { place, binding } = await administered(account, name);
  const identifier = await canonicalIdentifier(account, place, given, binding.acl);
  const required = identifier === place.owner ? IMPLICIT_RIGHTS : '';
  return { required, optional: [...'lrswipkxtecdan'].filter((right) => !required.includes(right)) };
}

async function found(
  account: Account,
  name: string,
): Promise<{ readonly place: Place; readonly binding: Binding; readonly rights: string }> {
  const place = await account.locate(name);
  const { view } = await place.tree.refresh();
  const binding = view.binding(place.path);
  if (binding === undefined) throw nonexistent();
  return { place, binding, rights: account.rights(place, binding) };
}

async function administered(account: Account, name: string): Promise<{ place: Place; binding: Binding }> {
  const { place, binding, rights } = await found(account, name);
  if (!hasRight(rights, 'a')) throw hasRight(rights, 'l') ? noPermission() : nonexistent();
  return { place, binding };
}

/**
 * The identifier as ACLs have it: a user's under the name that the directory has. One of another domain than the mailbox is
 * refused, unless it is there already.
 */
async function canonicalIdentifier(account: Account, place: Place, given: string, acl: Acl): Promise<string> {
  const [sign, name] = given.startsWith('-') ? ['-', given.slice(1)] : ['', given];
  const normal = name.normalize('NFC');
  if (normal === '' || /[\s/\u0000-\u001f\u007f]/.test(normal) || Buffer.byteLength(normal) > MAX_IDENTIFIER_BYTES) {
    throw invalidIdentifier();
  }
  if (acl.has(`${sign}${normal}`)) return `${sign}${normal}`;
  if (['anyone', 'anonymous', 'administrators'].includes(normal) || /^group:./.test(normal)) return `${sign}${normal}`;
  // Users are known by names in lower case, whatever they write when they log in.
  const lower = normal.toLowerCase();
  const at = lower.lastIndexOf('@');
  const parts = { local: at < 0 ? lower : lower.slice(0, at), domain: at < 0 ? undefined : lower.slice(at + 1) };
  const names = userNames(parts, account.defaultDomain);
  // With the owner in a domain, a name without one is of that domain.
  const { domain } = splitUserName(place.owner);
  const candidates = at < 0 && place.owner.includes('@') ? [`${lower}@${domain}`, ...names] : names;
  if (at < 0 && account.isAdmin && !account.user.name.includes('@')) {
    // Who administers every domain is of none: `sam user/joe@example.net cyrus all`.
    const directory = new Directory(account.store.ports.index);
    for (const one of candidates) if ((await directory.find(one)) !== undefined) return `${sign}${one}`;
  }
  const identifier = candidates.find((one) => splitUserName(one).domain === domain);
  if (identifier === undefined) throw invalidIdentifier();
  return `${sign}${identifier}`;
}

function invalidIdentifier(): StoreError {
  return new StoreError('cannot', 'Invalid identifier');
}

/** Notes that the tree may grant something to the identifier; again, so that a sweep that removes an old note sees it. */
export async function noteGrant(account: Account, identifier: string, { tree, owner }: Place): Promise<void> {
  const { index } = account.store.ports;
  const key = grantKey(identifier, tree.id);
  const note = { n: Buffer.from(owner, 'utf8') };
  let result = await index.put(key, { ...note, r: 1 }, 'absent');
  while (!result.ok) {
    const rev = typeof result.current?.r === 'number' ? result.current.r : undefined;
    result = await index.put(key, { ...note, r: (rev ?? 0) + 1 }, rev === undefined ? 'absent' : { rev });
  }
}
