import type { Family } from './family.ts';
import { NONE } from './family.ts';
import { linked, type ThreadLimits } from './links.ts';
import { orderOf, ranksOfNumbers } from './ranks.ts';
import { type Sliced, sorted } from './slices.ts';
import { sentDatesOf } from './sort.ts';
import type { Sortables } from './sortables.ts';
import { gatherSubjects } from './thread-subjects.ts';
import { type Threads, threadsOf } from './threads.ts';

/** Siblings that are put in order with a pause now and then. */
const MANY = 64;

/**
 * RFC 5256 §3, REFERENCES. REFS (draft-ietf-morg-inthread) leaves subjects alone (step 5), goes by INTERNALDATE, and
 * puts the thread last in which something arrived last.
 */
export function* byReferences(
  messages: Sortables,
  algorithm: 'REFERENCES' | 'REFS',
  limits: ThreadLimits,
): Sliced<Threads> {
  const isRefs = algorithm === 'REFS';
  const dates = isRefs ? messages.internalDates : sentDatesOf(messages);
  const found = yield* linked(messages, limits);
  yield;
  const { family } = found;
  let roots = pruned(family, found.roots);
  yield;
  const siblings = new Siblings(family, yield* orderOfDates(dates));
  if (!isRefs) roots = gatherSubjects(messages, family, yield* siblings.sorted(roots));
  yield;
  const inOrder = family.deepestFirst(roots);
  for (const place of inOrder) {
    if (!family.hasSeveral(place)) continue;
    family.arrange(place, yield* siblings.sorted(family.childrenOf(place)));
  }
  yield;
  const inTurn = isRefs ? sortByNewest(messages, family, roots, inOrder) : siblings.sorted(roots);
  return threadsOf(messages.uids, family, yield* inTurn);
}

/** Steps 2 and 3: no dummy stays but a root with several children. */
function pruned(family: Family, roots: readonly number[]): number[] {
  for (const place of family.deepestFirst(roots)) {
    let next: number;
    for (let at = family.leave(place); at !== NONE; at = next) {
      next = family.next[at] as number;
      if (family.isDummy(at)) family.adoptAllOf(place, at);
      else family.adopt(place, at);
    }
  }
  return roots.flatMap((root) => (family.isDummy(root) && !family.hasSeveral(root) ? family.childrenOf(root) : [root]));
}

/** The place of each message by date; ties as in the mailbox. */
function* orderOfDates(dates: Float64Array): Sliced<Uint32Array> {
  const { ranks, count } = yield* ranksOfNumbers(dates);
  const order = yield* orderOf(ranks, count);
  const placeOf = new Uint32Array(order.length);
  for (const [place, i] of order.entries()) placeOf[i] = place;
  return placeOf;
}

/** Siblings by date; a dummy has the date of its first child. */
class Siblings {
  readonly #family: Family;
  readonly #ranks: Uint32Array;

  constructor(family: Family, ranks: Uint32Array) {
    this.#family = family;
    this.#ranks = ranks;
  }

  *sorted(siblings: readonly number[]): Sliced<readonly number[]> {
    if (siblings.length < MANY) return siblings.toSorted((a, b) => this.#rankOf(a) - this.#rankOf(b));
    const ranks = Uint32Array.from(siblings, (place) => this.#rankOf(place));
    const order = yield* orderOf(ranks, this.#ranks.length + 1);
    return Array.from(order, (i) => siblings[i] as number);
  }

  #rankOf(place: number): number {
    const dated = this.#family.isDummy(place) ? (this.#family.child[place] as number) : place;
    return dated === NONE || this.#family.isDummy(dated) ? 0 : (this.#ranks[dated] as number) + 1;
  }
}

function* sortByNewest(
  { uids, internalDates }: Sortables,
  family: Family,
  roots: readonly number[],
  inOrder: Int32Array,
): Sliced<readonly number[]> {
  const newest = new Float64Array(family.count);
  for (const place of inOrder) {
    let date = internalDates[place] ?? 0;
    for (let at = family.child[place] as number; at !== NONE; at = family.next[at] as number)
      date = Math.max(date, newest[at] as number);
    newest[place] = date;
  }
  const first = (place: number): number => uids[place] ?? uids[family.child[place] as number] ?? 0;
  return yield* sorted(roots, (a, b) => (newest[a] as number) - (newest[b] as number) || first(a) - first(b));
}
