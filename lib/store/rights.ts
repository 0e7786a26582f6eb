import type { Acl } from './tree-view.ts';

/**
 * Rights of RFC 4314 §2.1: l lookup, r read, s keep seen state, w write flags, i insert, p post, k create below, x delete
 * the mailbox, t delete messages, e expunge, a administer; of RFC 5257 §4.10: n write shared annotations.
 */
export type Right = 'l' | 'r' | 's' | 'w' | 'i' | 'p' | 'k' | 'x' | 't' | 'e' | 'a' | 'n';

export const ALL_RIGHTS = 'lrswipkxtean';

/** Who asks: a user's identifier and the groups that count for it. */
export interface Identity {
  readonly identifier: string;
  readonly groups: readonly string[];
  /** Named in `admins`: the identifier `administrators` (RFC 4314 §2) means this user too. */
  readonly isAdmin?: boolean;
}

/** What an owner can always do, whatever the ACL says: nobody is locked out of the own mail's ACL (RFC 4314 §2). */
export const IMPLICIT_RIGHTS = 'la';

/** The rights of RFC 2086 that are several now: c is k and x, d is t and e (RFC 4314 §2.1.1). */
const OBSOLETE: readonly (readonly [right: string, now: string])[] = [
  ['c', 'kx'],
  ['d', 'te'],
];

/** The rights as they are kept: obsolete letters replaced, each letter once; undefined when one is unknown. */
export function parseRights(text: string): string | undefined {
  const now = OBSOLETE.reduce((rights, [right, meaning]) => rights.replaceAll(right, meaning), text);
  if ([...now].some((right) => !ALL_RIGHTS.includes(right))) return undefined;
  return orderedRights(now);
}

/** The rights as they are told: with c and d where a right that they stood for is held (RFC 4314 §2.1.1). */
export function shownRights(rights: string): string {
  const shown = [...'lrswipkxte'].filter((right) => rights.includes(right)).join('');
  const obsolete = OBSOLETE.filter(([, now]) => [...now].some((right) => rights.includes(right)));
  return `${shown}${obsolete.map(([right]) => right).join('')}${[...'an'].filter((right) => rights.includes(right)).join('')}`;
}

/** Each letter once, in the usual order. */
export function orderedRights(rights: string): string {
  return [...ALL_RIGHTS].filter((right) => rights.includes(right)).join('');
}

/** What the ACL gives: the union over the identifiers that apply, less what negative ones take (RFC 4314 §2). */
export function rightsOf(acl: Acl, identity: Identity): string {
  const mine = identifiersOf(identity);
  const given = mine.map((name) => acl.get(name) ?? '').join('');
  const taken = mine.map((name) => acl.get(`-${name}`) ?? '').join('');
  return [...ALL_RIGHTS].filter((right) => given.includes(right) && !taken.includes(right)).join('');
}

/** The identifiers that mean this user. */
export function identifiersOf({ identifier, groups, isAdmin }: Identity): readonly string[] {
  const named = [identifier, ...groups.map((group) => `group:${group}`), 'anyone'];
  return isAdmin ? [...named, 'administrators'] : named;
}

/** What an owner may do: everything, until the ACL has an entry of the owner; the implicit rights always. */
export function ownerRights(acl: Acl, identity: Identity): string {
  const { identifier } = identity;
  const explicit = acl.has(identifier) ? acl : new Map([...acl, [identifier, ALL_RIGHTS]]);
  return orderedRights(`${rightsOf(explicit, identity)}${IMPLICIT_RIGHTS}`);
}

export function hasRight(rights: string, right: Right): boolean {
  return rights.includes(right);
}
