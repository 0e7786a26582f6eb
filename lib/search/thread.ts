import { byReferences, type ThreadLimits } from './references.ts';
import { type Sliced, sorted } from './slices.ts';
import { type Sortable, sentDateOf } from './sort.ts';

/** A place in a thread: a message, or none where a message is missing (RFC 5256 §4). */
export interface ThreadNode {
  readonly uid: number | undefined;
  readonly children: readonly ThreadNode[];
}

/** RFC 5256 §3, and draft-ietf-morg-inthread for REFS. */
export type ThreadAlgorithm = 'ORDEREDSUBJECT' | 'REFERENCES' | 'REFS';

/** The threads of the messages, which come in ascending order of UID. */
export function* threadMessages(
  messages: readonly Sortable[],
  algorithm: ThreadAlgorithm,
  limits: ThreadLimits,
): Sliced<ThreadNode[]> {
  if (algorithm === 'ORDEREDSUBJECT') return yield* orderedSubject(messages);
  return yield* byReferences(messages, algorithm, limits);
}

/** One thread per base subject: the oldest message, and all others as its children, by sent date. */
function* orderedSubject(messages: readonly Sortable[]): Sliced<ThreadNode[]> {
  const all = messages.map((message) => ({ uid: message.uid, date: sentDateOf(message), gist: message.gist }));
  const dated = yield* sorted(all, (a, b) => a.date - b.date || a.uid - b.uid);
  const threads = new Map<string, { uid: number; children: ThreadNode[] }>();
  for (const { uid, gist } of dated) {
    const subject = gist?.subject ?? '';
    const thread = threads.get(subject);
    if (thread === undefined) threads.set(subject, { uid, children: [] });
    else thread.children.push({ uid, children: [] });
  }
  // A map keeps the order in which its keys came: that of the threads' first messages.
  return [...threads.values()];
}
