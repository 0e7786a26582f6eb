import type { Acl } from './tree-view.ts';

/**
 * Rights of RFC 4314 §2.1: l lookup, r read, s keep seen state, w write flags, i insert, p post, k create below, x delete
 * the mailbox, t delete messages, e expunge, a administer.
 */
export type Right = 'l' | 'r' | 's' | 'w' | 'i' | 'p' | 'k' | 'x' | 't' | 'e' | 'a';

export const ALL_RIGHTS = 'lrswipkxtea';

/** Who asks: a user's identifier and the groups that count for it. */
export interface Identity {
  readonly identifier: string;
  readonly groups: readonly string[];
}

/** What the ACL gives: the union over the identifiers that apply, less what negative ones take (RFC 4314 §2). */
export function rightsOf(acl: Acl, { identifier, groups }: Identity): string {
  const mine = [identifier, ...groups.map((group) => `group:${group}`), 'anyone'];
  const given = mine.map((name) => acl.get(name) ?? '').join('');
  const taken = mine.map((name) => acl.get(`-${name}`) ?? '').join('');
  return [...ALL_RIGHTS].filter((right) => given.includes(right) && !taken.includes(right)).join('');
}

export function hasRight(rights: string, right: Right): boolean {
  return rights.includes(right);
}
