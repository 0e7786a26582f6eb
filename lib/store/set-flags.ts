import { noPermission, type OpenMailbox } from './account.ts';
import { type FlagNames, parseFlagNames, permitted, systemMask, toFlags } from './flag-names.ts';
import { flagBits, SEEN } from './flag-sets.ts';
import { type FlagMask, flagsRecord, maskBits } from './mailbox-records.ts';
import type { MailboxView } from './mailbox-view.ts';
import { setPrivateSeen } from './overlay.ts';
import { personalView } from './private-seen.ts';
import { hasRight } from './rights.ts';
import { UidSet } from './uid-set.ts';

export type FlagOperation = 'add' | 'remove' | 'replace';

export interface FlagChange {
  readonly operation: FlagOperation;
  readonly flags: readonly string[];
  readonly uids: UidSet;
  /** Only messages not changed since (RFC 7162 §3.1.3): a record's seq; undefined: all. */
  readonly unchangedSince?: number;
  /** What whoever asks has been told of the mailbox: only another change of these flags counts then, where it was told of none. */
  readonly told?: MailboxView;
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
  if (systemMask(open.rights) === 0 && !hasRight(open.rights, 'w')) throw noPermission();
  if (!open.privateSeen) return setShared(open, change, names, open.rights);
  const rights = open.rights.replace('s', '');
  const shared = { ...names, system: names.system & ~SEEN };
  const isShared =
    change.operation === 'replace'
      ? systemMask(rights) !== 0 || hasRight(rights, 'w')
      : shared.system !== 0 || shared.keywords.length > 0;
  // What was changed too lately is left alone in both, so that no command is half done.
  const asksSince = change.unchangedSince !== undefined;
  const modified = asksSince ? modifiedOf(await personalView(open), change, names) : UidSet.empty;
  const uids = change.uids.minus(modified);
  const inLog = isShared ? await setShared(open, { ...change, uids }, shared, rights) : NOTHING;
  const mine = uids.minus(inLog.modified);
  const changed = hasRight(open.rights, 's') ? await setSeen(open, change.operation, names, mine) : UidSet.empty;
  return { changed: inLog.changed.union(changed), modified: modified.union(inLog.modified) };
}

const NOTHING: FlagsChanged = { changed: UidSet.empty, modified: UidSet.empty };

/** The messages that have changed too lately for the change. */
function modifiedOf(view: MailboxView, change: FlagChange, names: FlagNames): UidSet {
  if (change.unchangedSince === undefined) return UidSet.empty;
  const isModified = modifiedIn(view, change, names);
  return UidSet.build((add) => {
    view.forEach(change.uids, (uid, flagIndex, seq) => {
      if (isModified(uid, flagIndex, seq)) add(uid, uid);
    });
  });
}

/**
 * Whether a message of the view has changed too lately for the change. RFC 7162 §3.1.12: not when only other flags have, and
 * whoever asks had not been told so. Told of a later change than it names, it may mean what it saw before.
 */
function modifiedIn(
  view: MailboxView,
  { operation, unchangedSince = Number.POSITIVE_INFINITY, told }: FlagChange,
  names: FlagNames,
): (uid: number, flagIndex: number, seq: number) => boolean {
  const named = flagBits({ system: names.system, keywords: view.keywordNumbers(names.keywords).numbers });
  // RFC 7162 §3.1.3: since 0, every message has changed.
  const compares = operation !== 'replace' && unchangedSince > 0;
  return (uid, flagIndex, seq) => {
    if (seq <= unchangedSince) return false;
    const known = compares ? told?.bitsOf(uid) : undefined;
    if (told === undefined || known === undefined || told.seqOf(uid) > unchangedSince) return true;
    return ((known ^ view.state.flagSets.bitsAt(flagIndex)) & named) !== 0n;
  };
}

/** The user's own \Seen (Rule 16); answers what has changed. */
async function setSeen(open: OpenMailbox, operation: FlagOperation, names: FlagNames, uids: UidSet): Promise<UidSet> {
  const isNamed = (names.system & SEEN) !== 0;
  if (!isNamed && operation !== 'replace') return UidSet.empty;
  // Of what has been expunged since, nobody sees what was seen.
  const { view } = open.mailbox.cached ?? (await open.mailbox.refresh());
  const present = view.present(uids);
  const adds = isNamed && operation !== 'remove';
  let changed = UidSet.empty;
  await setPrivateSeen(open, ({ seen }) => {
    const without = present.minus(seen);
    changed = adds ? without : present.minus(without);
    return adds ? { add: changed, remove: UidSet.empty } : { add: UidSet.empty, remove: changed };
  });
  return changed;
}

async function setShared(
  open: OpenMailbox,
  change: FlagChange,
  names: FlagNames,
  rights: string,
): Promise<FlagsChanged> {
  const mask = systemMask(rights);
  const { reply } = await open.mailbox.commit((view) => {
    const { flags, newKeywords } = toFlags(view, change.operation === 'remove' ? { ...names, keywords: [] } : names);
    const known = view.keywordNumbers(names.keywords).numbers.filter((k) => k < view.state.keywords.length);
    const none: FlagMask = { system: 0, keywords: [] };
    const clear: FlagMask =
      change.operation === 'add'
        ? none
        : change.operation === 'remove'
          ? { system: names.system, keywords: known }
          : { system: mask, keywords: hasRight(rights, 'w') ? 'all' : [] };
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
    const modified = modifiedOf(view, change, names);
    const uids = view.having(change.uids, differs).minus(modified);
    const reply: FlagsChanged = { changed: uids, modified };
    return uids.isEmpty ? { reply } : { record: flagsRecord({ newKeywords, clear, set, uids }), reply };
  });
  return reply;
}

/** Whether reading a message sets \\Seen for this user (RFC 9051 §6.4.5, RFC 4314 §4). */
export function maySetSeen(open: OpenMailbox): boolean {
  return hasRight(open.rights, 's');
}
