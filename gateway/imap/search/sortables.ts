import { fold } from '../../../lib/message/fold.ts';
import { loadGists } from '../../../lib/search/gist-cache.ts';
import { type AnnotationAsked, needsGist, type Sortable } from '../../../lib/search/sort.ts';
import { annotationKey } from '../../../lib/store/annotate.ts';
import { UidSet } from '../../../lib/store/uid-set.ts';
import type { Context } from '../context.ts';
import { Refused } from '../errors.ts';
import { no } from '../reply.ts';
import { decodeText } from '../wire/read/text.ts';
import type { SortCriterion } from '../wire/search-key.ts';

/** What must be loaded besides rows. */
export interface Needs {
  readonly gists: boolean;
  readonly annotations: boolean;
}

export function needsOf(criteria: readonly SortCriterion[]): Needs {
  return { gists: criteria.some(needsGist), annotations: criteria.some(({ by }) => by === 'ANNOTATION') };
}

/** The messages with what SORT and THREAD order them by. Those whose data are gone are left out. */
export async function sortables(context: Context, uids: readonly number[], needs: Needs): Promise<Sortable[]> {
  const { sortMessages } = context.options.limits;
  if (uids.length > sortMessages) {
    throw new Refused(no(`More than ${sortMessages} messages cannot be put in order: ask for fewer`, 'LIMIT'));
  }
  const { open, view } = context.selected;
  const rows = await open.mailbox.cold(view, UidSet.fromSorted(uids));
  const annotationOf = needs.annotations ? await annotationTexts(context, uids) : () => () => '';
  const present = uids.flatMap((uid) => {
    const row = rows.get(uid);
    // What is gone is in no result (RFC 2180 §4.3).
    return row === undefined ? [] : [{ uid, ...row, annotation: annotationOf(uid) }];
  });
  if (!needs.gists) return present.map((row) => ({ ...row, gist: undefined }));
  const gists = await loadGists(context.options.gists, context.selected, present, () => context.breathe());
  return present.map((row, i) => ({ ...row, gist: gists[i] }));
}

/** Of a message, the folded value of an annotation; '' where it has none (RFC 5257 §4.9). */
async function annotationTexts(
  { selected }: Context,
  uids: readonly number[],
): Promise<(uid: number) => (asked: AnnotationAsked) => string> {
  const { open, view } = selected;
  const values = await open.mailbox.annotations(view, UidSet.fromSorted(uids));
  const user = open.account.user.id;
  return (uid) => (asked) => fold(decodeText(values.get(uid)?.get(annotationKey(user, asked)) ?? Buffer.alloc(0)));
}
