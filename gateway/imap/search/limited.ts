import type { UidSet } from '../../../lib/store/uid-set.ts';
import type { Context } from '../context.ts';
import { type Limited, requireWithinLimit, withinLimit } from '../message-limit.ts';
import type { SearchKey } from '../wire/search-key.ts';
import { uidsBetween } from './question.ts';

/** The messages that a SEARCH looks at, where `messagelimit` does not let it look at all; undefined: at all (RFC 9738 §3.1). */
export function searchedWithinLimit(context: Context, key: SearchKey): Limited | undefined {
  if (isFree(context)) return undefined;
  const limited = withinLimit(context, lookedAt(context, key));
  return limited.code === null ? undefined : limited;
}

/** SORT and THREAD must look at all messages or none (RFC 9738 §3.3). */
export function requireSearchWithinLimit(context: Context, key: SearchKey): void {
  if (!isFree(context)) requireWithinLimit(context, lookedAt(context, key).size);
}

function isFree({ options, selected }: Context): boolean {
  const most = options.messageLimit ?? 0;
  return most === 0 || selected.view.exists <= most;
}

/** Those messages that sets at the top of the search leave. */
function lookedAt({ selected }: Context, key: SearchKey): UidSet {
  const narrowed = (among: UidSet, set: UidSet): UidSet => among.minus(among.minus(set));
  const through = (one: SearchKey, among: UidSet): UidSet => {
    switch (one.key) {
      case 'and':
        return one.keys.reduce((left, inner) => through(inner, left), among);
      case 'sequence':
      case 'uid':
        return narrowed(among, selected.named(one.set, one.key === 'uid', 'nothing').uids);
      case 'uid-between':
        return narrowed(among, uidsBetween(one));
      default:
        return among;
    }
  };
  return through(key, selected.view.allUids());
}
