import { Family } from './family.ts';
import type { ThreadLimits } from './links.ts';
import { orderOf, ranksOfNumbers } from './ranks.ts';
import { byReferences } from './references.ts';
import type { Sliced } from './slices.ts';
import { sentDatesOf } from './sort.ts';
import type { Sortables } from './sortables.ts';
import { type Threads, threadsOf } from './threads.ts';

/** RFC 5256 §3, and draft-ietf-morg-inthread for REFS. */
export type ThreadAlgorithm = 'ORDEREDSUBJECT' | 'REFERENCES' | 'REFS';

/** The threads of messages with their keys. */
export function* threadMessages(
  messages: Sortables,
  algorithm: ThreadAlgorithm,
  limits: ThreadLimits,
): Sliced<Threads> {
  if (algorithm === 'ORDEREDSUBJECT') return yield* orderedSubject(messages);
  return yield* byReferences(messages, algorithm, limits);
}

/** One thread per base subject: the oldest message, and all others as its children, by sent date. */
function* orderedSubject(messages: Sortables): Sliced<Threads> {
  const { uids, keys } = messages;
  if (keys === undefined) throw new Error('threads are made of keys');
  const { ranks, count } = yield* ranksOfNumbers(sentDatesOf(messages));
  const dated = yield* orderOf(ranks, count);
  const subjects = keys.text('subject');
  const family = new Family(uids.length, 0, 0);
  const roots = new Map<number, number>();
  for (const place of dated) {
    const subject = subjects[place] as number;
    const root = roots.get(subject);
    if (root === undefined) roots.set(subject, place);
    else family.adopt(root, place);
  }
  // A map keeps the order in which its keys came: that of the threads' first messages.
  return threadsOf(uids, family, [...roots.values()]);
}
