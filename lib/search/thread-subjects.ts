import type { Container } from './references.ts';

/** RFC 5256 §3, REFERENCES, step 5: roots with one base subject are one thread. Takes the roots in order, changes them. */
export function gatherSubjects(roots: readonly Container[]): Container[] {
  const table = subjectTable(roots);
  const kept = new Set(roots);
  for (const root of roots) {
    const subject = subjectOf(root);
    const chosen = table.get(subject);
    if (subject === '' || chosen === undefined || chosen === root) continue;
    if (root.message === undefined && chosen.message === undefined) {
      kept.delete(root);
      for (const child of root.children) adopt(chosen, child);
    } else if (chosen.message === undefined || (isReply(root) && !isReply(chosen))) {
      kept.delete(root);
      adopt(chosen, root);
    } else {
      // Neither answers the other: both go under a dummy, which stands for the subject from now on.
      const dummy: Container = { message: undefined, parent: undefined, children: [] };
      kept.delete(root);
      kept.delete(chosen);
      kept.add(dummy);
      adopt(dummy, chosen);
      adopt(dummy, root);
      table.set(subject, dummy);
    }
  }
  return [...kept];
}

/** Step 5B: for each subject a dummy if there is one, else a message that is no reply, else the first. */
function subjectTable(roots: readonly Container[]): Map<string, Container> {
  const table = new Map<string, Container>();
  for (const root of roots) {
    const subject = subjectOf(root);
    if (subject === '') continue;
    const known = table.get(subject);
    const isBetter =
      known === undefined ||
      (known.message !== undefined && (root.message === undefined || (isReply(known) && !isReply(root))));
    if (isBetter) table.set(subject, root);
  }
  return table;
}

function adopt(parent: Container, child: Container): void {
  child.parent = parent;
  parent.children.push(child);
}

/** Of a dummy, that of its first child. */
function subjectOf({ message, children }: Container): string {
  return (message ?? children[0]?.message)?.gist?.subject ?? '';
}

function isReply({ message }: Container): boolean {
  return message?.gist?.isReplyOrForward === true;
}
