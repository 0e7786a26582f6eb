import type { OpenMailbox } from '../../lib/store/account.ts';
import { flagNames } from '../../lib/store/flag-names.ts';
import type { MailboxView } from '../../lib/store/mailbox-view.ts';
import { UidSet } from '../../lib/store/uid-set.ts';

/** Messages with the flags of theirs that were set or reset; none: messages that have come. */
export interface Changed {
  readonly uids: UidSet;
  readonly changedFlags: readonly string[];
}

/** Who is told what a command has done (RFC 6785), before the command is answered. */
export interface Events {
  /** Never throws; `changes` is asked only where somebody wants to know. */
  happened(open: OpenMailbox, cause: 'APPEND' | 'COPY' | 'FLAG', changes: () => readonly Changed[]): Promise<void>;
}

/** Messages that have come. */
export function added(uids: UidSet): () => readonly Changed[] {
  return () => [{ uids, changedFlags: [] }];
}

/** Which flags the messages have in one view and not in the other; messages with the same are together. */
export function changedFlags(before: MailboxView, after: MailboxView, uids: UidSet): readonly Changed[] {
  const groups = new Map<string, { readonly uids: number[]; readonly changedFlags: readonly string[] }>();
  for (const uid of uids) {
    const [was, is] = [before.bitsOf(uid), after.bitsOf(uid)];
    if (was === undefined || is === undefined) continue;
    const [old, now] = [flagNames(before, was), flagNames(after, is)];
    const changed = [...old.filter((flag) => !now.includes(flag)), ...now.filter((flag) => !old.includes(flag))];
    if (changed.length === 0) continue;
    const key = changed.join(' ');
    const group = groups.get(key) ?? { uids: [] as number[], changedFlags: changed };
    groups.set(key, group);
    group.uids.push(uid);
  }
  return [...groups.values()].map((group) => ({ ...group, uids: UidSet.fromSorted(group.uids) }));
}
