import { noPermission, type OpenMailbox } from './account.ts';
import { parseFlagNames, permitted, systemMask, toFlags } from './flag-names.ts';
import { flagBits } from './flag-sets.ts';
import { type FlagMask, flagsRecord, maskBits } from './mailbox-records.ts';
import { hasRight } from './rights.ts';
import { UidSet } from './uid-set.ts';

export type FlagOperation = 'add' | 'remove' | 'replace';

export interface FlagChange {
  readonly operation: FlagOperation;
  readonly flags: readonly string[];
  readonly uids: UidSet;
  /** Only messages not changed since (RFC 7162 §3.1.3): a record's seq; undefined: all. */
  readonly unchangedSince?: number;
}

export interface FlagsChanged {
  /** Messages that have other flags now. */
  readonly changed: UidSet;
  /** Messages left alone because of `unchangedSince`. */
  readonly modified: UidSet;
}

/**
 * STORE of any number of messages: one record. Flags that the rights do not cover are left alone; without
 * any right to change flags: `no-permission` (RFC 4314 §4).
 */
export async function setFlags(open: OpenMailbox, change: FlagChange): Promise<FlagsChanged> {
  const names = permitted(parseFlagNames(change.flags), open.rights);
  const mask = systemMask(open.rights);
  if (mask === 0 && !hasRight(open.rights, 'w')) {
    throw noPermission();
  }
  const { reply } = await open.mailbox.commit((view) => {
    const { flags, newKeywords } = toFlags(view, change.operation === 'remove' ? { ...names, keywords: [] } : names);
    const known = view.keywordNumbers(names.keywords).numbers.filter((k) => k < view.state.keywords.length);
    const none: FlagMask = { system: 0, keywords: [] };
    const clear: FlagMask =
      change.operation === 'add'
        ? none
        : change.operation === 'remove'
          ? { system: names.system, keywords: known }
          : { system: mask, keywords: hasRight(open.rights, 'w') ? 'all' : [] };
    const set = change.operation === 'remove' ? { system: 0, keywords: [] } : flags;
    const [cleared, added] = [~maskBits(clear), flagBits(set)];
    const { flagSets } = view.state;
    const changes = new Map<number, boolean>();
    const differs = (index: number): boolean => {
      let known = changes.get(index);
      if (known === undefined) {
        const bits = flagSets.bitsAt(index);
        changes.set(index, (known = ((bits & cleared) | added) !== bits));
      }
      return known;
    };
    const changed: number[] = [];
    const modified: number[] = [];
    view.forEach(change.uids, (uid, flagIndex, seq) => {
      if (change.unchangedSince !== undefined && seq > change.unchangedSince) modified.push(uid);
      else if (differs(flagIndex)) changed.push(uid);
    });
    const uids = UidSet.fromSorted(changed);
    const reply: FlagsChanged = { changed: uids, modified: UidSet.fromSorted(modified) };
    return uids.isEmpty ? { reply } : { record: flagsRecord({ newKeywords, clear, set, uids }), reply };
  });
  return reply;
}

/** Whether reading a message sets \\Seen for this user (RFC 9051 §6.4.5, RFC 4314 §4). */
export function maySetSeen(open: OpenMailbox): boolean {
  return hasRight(open.rights, 's');
}
