import { Family, NONE } from './family.ts';
import type { Sliced } from './slices.ts';
import type { Sortables } from './sortables.ts';

/** What hostile references may cost. */
export interface ThreadLimits {
  /** Dummies made for ids of messages that are not there; beyond, such ids join nothing any more. */
  readonly threadDummies: number;
  /** Ancestors looked at before a link is taken for a loop. */
  readonly threadAncestors: number;
}

/** Ids and ancestors that are looked at without a pause. */
const STEPS = 20_000;

/** RFC 5256 §3, step 1: every message under the last of its references, the references under each other. The roots, too. */
export function* linked(
  messages: Sortables,
  limits: ThreadLimits,
): Sliced<{ readonly family: Family; readonly roots: number[] }> {
  const { keys } = messages;
  if (keys === undefined) throw new Error('threads are made of keys');
  const count = messages.uids.length;
  const { references } = keys;
  const { placeOf, dummies } = yield* places(keys.text('messageId'), references, keys.numbers.count, limits);
  const links = new Links(count + dummies, limits.threadAncestors);
  let steps = 0;
  for (let i = 0; i < count; i++) {
    let last = NONE;
    for (const id of references[i] ?? []) {
      steps++;
      const next = (placeOf[id] as number) - 1;
      if (next === NONE) continue;
      // A link that is there already is not changed by what others say of it.
      if (last !== NONE && links.parent[next] === NONE) steps += links.put(next, last);
      last = next;
    }
    steps += 1 + links.put(i, last);
    if (steps < STEPS) continue;
    steps = 0;
    yield;
  }
  // Roots of one subject may be put under a dummy: at most half as many as there are messages.
  const family = new Family(count, dummies, (count >> 1) + 1);
  const roots: number[] = [];
  for (const [place, parent] of links.parent.entries()) {
    if (parent === NONE) roots.push(place);
    else family.adopt(parent, place);
  }
  return { family, roots };
}

/** The place of each id, by its number and from 1; dummies for those of no message. */
function* places(
  ids: Uint32Array,
  references: readonly (readonly number[])[],
  numbers: number,
  { threadDummies }: ThreadLimits,
): Sliced<{ readonly placeOf: Int32Array; readonly dummies: number }> {
  const placeOf = new Int32Array(numbers);
  for (const [i, id] of ids.entries()) {
    // Of messages with one id the first has it, the others are for themselves.
    if (id !== 0 && placeOf[id] === 0) placeOf[id] = i + 1;
  }
  yield;
  let dummies = 0;
  let steps = 0;
  for (const all of references) {
    for (const id of all) {
      if (placeOf[id] === 0 && dummies < threadDummies) placeOf[id] = ids.length + ++dummies;
    }
    steps += 1 + all.length;
    if (steps < STEPS) continue;
    steps = 0;
    yield;
  }
  return { placeOf, dummies };
}

/** Parents alone, until all are known: a message may be put elsewhere when its own references are read. */
class Links {
  readonly parent: Int32Array;
  readonly #haveChildren: Uint8Array;
  readonly #maxAncestors: number;

  constructor(places: number, maxAncestors: number) {
    this.parent = new Int32Array(places).fill(NONE);
    this.#haveChildren = new Uint8Array(places);
    this.#maxAncestors = maxAncestors;
  }

  /** Links a place, unless that would close a loop, or its check would take too long. Answers how many were looked at. */
  put(child: number, parent: number): number {
    if (parent === NONE) {
      this.parent[child] = NONE;
      return 0;
    }
    if (child === parent) return 0;
    let steps = 0;
    if (this.#haveChildren[child] === 1) {
      for (let at = parent; at !== NONE; at = this.parent[at] as number) {
        if (at === child || ++steps > this.#maxAncestors) return steps;
      }
    }
    this.parent[child] = parent;
    this.#haveChildren[parent] = 1;
    return steps;
  }
}
