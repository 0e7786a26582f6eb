import { loadGists } from '../../../lib/search/gist-cache.ts';
import type { Sortable } from '../../../lib/search/sort.ts';
import { UidSet } from '../../../lib/store/uid-set.ts';
import type { Context } from '../context.ts';
import { Refused } from '../errors.ts';
import { no } from '../reply.ts';

/** The messages with what SORT and THREAD order them by. Those whose data are gone are left out. */
export async function sortables(context: Context, uids: readonly number[], withGists: boolean): Promise<Sortable[]> {
  const { sortMessages } = context.options.limits;
  if (uids.length > sortMessages) {
    throw new Refused(no(`More than ${sortMessages} messages cannot be put in order: ask for fewer`, 'LIMIT'));
  }
  const { open, view } = context.selected;
  const rows = await open.mailbox.cold(view, UidSet.fromSorted(uids));
  const present = uids.flatMap((uid) => {
    const row = rows.get(uid);
    // What is gone is in no result (RFC 2180 §4.3).
    return row === undefined ? [] : [{ uid, ...row }];
  });
  if (!withGists) return present.map((row) => ({ ...row, gist: undefined }));
  const where = { context: open.store.context, space: open.space };
  const blobs = present.map(({ blob }) => blob);
  const gists = await loadGists(context.options.gists, where, blobs, () => context.breathe());
  return present.map((row, i) => ({ ...row, gist: gists[i] }));
}
