import { chainItems } from './mailbox-columns.ts';
import type { MailboxView } from './mailbox-view.ts';
import { UidSet } from './uid-set.ts';

/**
 * The UIDs that were expunged after the record with this seq. When expunges that old are forgotten: every UID below
 * `uidNext` that does not exist, a superset that QRESYNC permits (Rule 17, RFC 7162 §3.2.7).
 */
export function expungedSince(view: MailboxView, seq: number): UidSet {
  if (seq < view.state.expungedKnownSince) {
    const { uidNext } = view.state;
    return uidNext === 1 ? UidSet.empty : UidSet.fromRanges([[1, uidNext - 1]]).minus(view.allUids());
  }
  const ranges: (readonly [number, number])[] = [];
  for (const entry of chainItems(view.state.expunged)) {
    if (entry.seq <= seq) break;
    for (const range of entry.uids.ranges()) ranges.push(range);
  }
  return UidSet.fromRanges(ranges);
}
