import { type Family, NONE } from './family.ts';

/** Threads as places that point at each other: there may be as many as messages, and as deep. */
export interface Threads {
  /** The first thread, -1 when there is none. */
  readonly first: number;
  /** The first of what is below a place, and what is next beside it; -1: nothing. */
  readonly child: Int32Array;
  readonly next: Int32Array;
  /** UID of the message at a place; 0 where a message is missing (RFC 5256 §4). */
  readonly uids: Uint32Array;
}

/** What threads take, in bytes, about. */
export function threadsBytes({ child, next, uids }: Threads): number {
  return child.byteLength + next.byteLength + uids.byteLength;
}

/** `uids`: of the family's messages; `roots`: in order. */
export function threadsOf(uids: Uint32Array, family: Family, roots: readonly number[]): Threads {
  const { child, next } = family;
  for (const [i, root] of roots.entries()) next[root] = roots[i + 1] ?? NONE;
  const all = new Uint32Array(family.count);
  all.set(uids);
  return { first: roots[0] ?? NONE, child, next, uids: all };
}
