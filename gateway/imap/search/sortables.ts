import { fold } from '../../../lib/message/fold.ts';
import { needsKeys } from '../../../lib/search/sort.ts';
import { type AnnotationAsked, loadSortables, type Sortables } from '../../../lib/search/sortables.ts';
import { annotationKey } from '../../../lib/store/annotate.ts';
import { UidSet } from '../../../lib/store/uid-set.ts';
import type { Context } from '../context.ts';
import { Refused } from '../errors.ts';
import { no } from '../reply.ts';
import { decodeText } from '../wire/read/text.ts';
import type { SortCriterion } from '../wire/search-key.ts';

/** What must be loaded besides rows. */
export interface Needs {
  readonly keys: boolean;
  readonly annotations: boolean;
}

export function needsOf(criteria: readonly SortCriterion[]): Needs {
  return { keys: criteria.some(needsKeys), annotations: criteria.some(({ by }) => by === 'ANNOTATION') };
}

/** The messages, ascending by UID, with what SORT and THREAD order them by. Those whose data are gone are left out. */
export async function sortables(context: Context, uids: readonly number[], needs: Needs): Promise<Sortables> {
  const { sortMessages } = context.options.limits;
  if (uids.length > sortMessages) {
    throw new Refused(no(`More than ${sortMessages} messages cannot be put in order: ask for fewer`, 'LIMIT'));
  }
  const set = UidSet.fromSorted(uids);
  const annotation = needs.annotations ? await annotationTexts(context, set) : undefined;
  const { options, selected } = context;
  const loaded = await loadSortables(selected, set, needs.keys ? options : undefined, () => context.breathe());
  return { ...loaded, annotation };
}

/** Of a message, the folded value of an annotation; '' where it has none (RFC 5257 §4.9). */
async function annotationTexts(
  { selected }: Context,
  uids: UidSet,
): Promise<(uid: number, asked: AnnotationAsked) => string> {
  const { open, view } = selected;
  const values = await open.mailbox.annotations(view, uids);
  const user = open.account.user.id;
  return (uid, asked) => fold(decodeText(values.get(uid)?.get(annotationKey(user, asked)) ?? Buffer.alloc(0)));
}
