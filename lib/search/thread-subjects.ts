import { type Family, NONE } from './family.ts';
import type { Sortables } from './sortables.ts';

/** RFC 5256 §3, REFERENCES, step 5: roots with one base subject are one thread. Takes the roots in order, changes the family. */
export function gatherSubjects(messages: Sortables, family: Family, roots: readonly number[]): number[] {
  const subjects = new Subjects(messages, family);
  const table = subjectTable(subjects, roots);
  const kept = new Set(roots);
  for (const root of roots) {
    const subject = subjects.of(root);
    const chosen = table.get(subject);
    if (subject === 0 || chosen === undefined || chosen === root) continue;
    if (family.isDummy(root) && family.isDummy(chosen)) {
      kept.delete(root);
      family.adoptAllOf(chosen, root);
    } else if (family.isDummy(chosen) || (subjects.isReply(root) && !subjects.isReply(chosen))) {
      kept.delete(root);
      family.adopt(chosen, root);
    } else {
      // Neither answers the other: both go under a dummy, which stands for the subject from now on.
      const dummy = family.addDummy();
      kept.delete(root);
      kept.delete(chosen);
      kept.add(dummy);
      family.adopt(dummy, chosen);
      family.adopt(dummy, root);
      table.set(subject, dummy);
    }
  }
  return [...kept];
}

/** Step 5B: for each subject a dummy if there is one, else a message that is no reply, else the first. */
function subjectTable(subjects: Subjects, roots: readonly number[]): Map<number, number> {
  const table = new Map<number, number>();
  for (const root of roots) {
    const subject = subjects.of(root);
    if (subject === 0) continue;
    const known = table.get(subject);
    if (known === undefined || subjects.isBetter(root, known)) table.set(subject, root);
  }
  return table;
}

/** What the subjects of places say. */
class Subjects {
  readonly #family: Family;
  readonly #subjects: Uint32Array;
  readonly #replies: Uint8Array;

  constructor({ keys }: Sortables, family: Family) {
    if (keys === undefined) throw new Error('threads are made of keys');
    this.#family = family;
    this.#subjects = keys.text('subject');
    this.#replies = keys.replies;
  }

  /** Number of the base subject; of a dummy, that of its first child. */
  of(place: number): number {
    const child = this.#family.isDummy(place) ? (this.#family.child[place] as number) : place;
    return child === NONE ? 0 : (this.#subjects[child] ?? 0);
  }

  isReply(place: number): boolean {
    return this.#replies[place] === 1;
  }

  /** Whether a root stands for a subject rather than another, which came before. */
  isBetter(root: number, known: number): boolean {
    if (this.#family.isDummy(known)) return false;
    return this.#family.isDummy(root) || (this.isReply(known) && !this.isReply(root));
  }
}
