import { type Sliced, sorted } from './slices.ts';
import { type Sortable, sentDateOf } from './sort.ts';
import { gatherSubjects } from './thread-subjects.ts';

/** A message while threads are made; without `message` it is a dummy: others refer to it, and it is not there. */
export interface Container {
  message: Sortable | undefined;
  parent: Container | undefined;
  children: Container[];
}

/** What hostile references may cost. */
export interface ThreadLimits {
  /** Dummies made for ids of messages that are not there; beyond, such ids join nothing any more. */
  readonly threadDummies: number;
  /** Ancestors looked at before a link is taken for a loop. */
  readonly threadAncestors: number;
}

interface Tree {
  readonly uid: number | undefined;
  readonly children: Tree[];
}

/**
 * RFC 5256 §3, REFERENCES. REFS (draft-ietf-morg-inthread) leaves subjects alone (step 5), goes by INTERNALDATE, and
 * puts the thread last in which something arrived last.
 */
export function* byReferences(
  messages: readonly Sortable[],
  algorithm: 'REFERENCES' | 'REFS',
  limits: ThreadLimits,
): Sliced<Tree[]> {
  const all = yield* linked(messages, limits);
  yield;
  let roots = pruned(all.filter(({ parent }) => parent === undefined));
  yield;
  const isRefs = algorithm === 'REFS';
  const dateOf = isRefs ? ({ internalDate }: Sortable) => internalDate : sentDateOf;
  if (!isRefs) roots = gatherSubjects(yield* sortSiblings(roots, dateOf));
  yield;
  const inOrder = deepestFirst(roots);
  for (const container of inOrder) {
    if (container.children.length < 2) continue;
    container.children = yield* sortSiblings(container.children, dateOf);
    yield;
  }
  const inTurn = isRefs ? sortByNewest(roots, inOrder, dateOf) : sortSiblings(roots, dateOf);
  return trees(yield* inTurn, inOrder);
}

/** Step 1: every message under the last of its references, the references under each other. */
function* linked(messages: readonly Sortable[], limits: ThreadLimits): Sliced<Container[]> {
  const byId = new Map<string, Container>();
  const own = messages.map((message): Container => {
    const id = message.gist?.messageId;
    const container: Container = { message, parent: undefined, children: [] };
    // Of messages with one id the first has it, the others are for themselves.
    if (id !== undefined && !byId.has(id)) byId.set(id, container);
    return container;
  });
  const dummies: Container[] = [];
  const named = (id: string): Container | undefined => {
    const known = byId.get(id);
    if (known !== undefined || dummies.length >= limits.threadDummies) return known;
    const dummy: Container = { message: undefined, parent: undefined, children: [] };
    byId.set(id, dummy);
    dummies.push(dummy);
    return dummy;
  };
  const links = new Links(limits.threadAncestors);
  for (const [i, { gist }] of messages.entries()) {
    yield;
    let last: Container | undefined;
    for (const id of gist?.references ?? []) {
      const next = named(id);
      if (next === undefined) continue;
      // A link that is there already is not changed by what others say of it.
      if (last !== undefined && next.parent === undefined) links.put(next, last);
      last = next;
    }
    const container = own[i];
    if (container !== undefined) links.put(container, last);
  }
  const known = [...own, ...dummies];
  for (const container of known) container.parent?.children.push(container);
  return known;
}

/** Parents alone, until all are known: a message may be put elsewhere when its own references are read. */
class Links {
  readonly #maxAncestors: number;
  readonly #haveChildren = new Set<Container>();

  constructor(maxAncestors: number) {
    this.#maxAncestors = maxAncestors;
  }

  put(child: Container, parent: Container | undefined): void {
    if (parent === undefined) child.parent = undefined;
    else if (!this.#isAbove(child, parent)) {
      child.parent = parent;
      this.#haveChildren.add(parent);
    }
  }

  /** Whether the link would close a loop, or its check would take too long. */
  #isAbove(child: Container, parent: Container): boolean {
    if (child === parent) return true;
    if (!this.#haveChildren.has(child)) return false;
    let steps = 0;
    for (let at: Container | undefined = parent; at !== undefined; at = at.parent) {
      if (at === child || ++steps > this.#maxAncestors) return true;
    }
    return false;
  }
}

/** Steps 2 and 3: no dummy stays but a root with several children. */
function pruned(roots: readonly Container[]): Container[] {
  for (const container of deepestFirst(roots)) {
    container.children = container.children.flatMap((child) => {
      const kept = child.message === undefined ? child.children : [child];
      for (const one of kept) one.parent = container;
      return kept;
    });
  }
  return roots.flatMap((root) => {
    if (root.message !== undefined || root.children.length > 1) return [root];
    for (const child of root.children) child.parent = undefined;
    return root.children;
  });
}

/** All containers, each after everything below it. */
function deepestFirst(roots: readonly Container[]): Container[] {
  const all = [...roots];
  for (let at = 0; at < all.length; at++) for (const child of all[at]?.children ?? []) all.push(child);
  return all.reverse();
}

type DateOf = (message: Sortable) => number;

/** Siblings by date; a dummy has the date of its first child. Ties as in the mailbox. */
function* sortSiblings(siblings: readonly Container[], dateOf: DateOf): Sliced<Container[]> {
  const keyed = siblings.map((container) => {
    const message = container.message ?? container.children[0]?.message;
    return { container, date: message === undefined ? 0 : dateOf(message), uid: message?.uid ?? 0 };
  });
  const inOrder = yield* sorted(keyed, (a, b) => a.date - b.date || a.uid - b.uid);
  return inOrder.map(({ container }) => container);
}

function* sortByNewest(
  roots: readonly Container[],
  inOrder: readonly Container[],
  dateOf: DateOf,
): Sliced<Container[]> {
  const newest = new Map<Container, number>();
  for (const container of inOrder) {
    let date = container.message === undefined ? 0 : dateOf(container.message);
    for (const child of container.children) date = Math.max(date, newest.get(child) ?? 0);
    newest.set(container, date);
  }
  const first = ({ message, children }: Container): number => message?.uid ?? children[0]?.message?.uid ?? 0;
  return yield* sorted(roots, (a, b) => (newest.get(a) ?? 0) - (newest.get(b) ?? 0) || first(a) - first(b));
}

function trees(roots: readonly Container[], inOrder: readonly Container[]): Tree[] {
  const made = new Map<Container, Tree>();
  const of = (containers: readonly Container[]): Tree[] => containers.flatMap((one) => made.get(one) ?? []);
  for (const one of inOrder) made.set(one, { uid: one.message?.uid, children: of(one.children) });
  return of(roots);
}
