import { FormatError } from '../base/bytes.ts';
import type { Id } from '../base/ids.ts';
import { SharedMessages } from './adopt.ts';
import { readAccountPart } from './checkpoint-reader.ts';
import { Directory, directoryKeyOf, encodeUser, splitUserName, type User } from './directory.ts';
import { StoreError } from './errors.ts';
import { WRITER_MS } from './keep.ts';
import { CHECKPOINTS, domainKey, MESSAGES, RECONSTRUCT, RESTORE } from './keys.ts';
import type { MailStore, StorePorts } from './mail-store.ts';
import type { Index } from './ports.ts';
import { type Rebuilt, rebuildAccount } from './rebuild-account.ts';
import { idOfBlobKey, SWEEP_HOLD } from './sweep-run.ts';

export interface ReconstructOptions {
  /** Also where the index has users: only accounts that it lacks are rebuilt. */
  readonly onlyMissing?: boolean;
  /** Called after each account. */
  readonly onProgress?: (user: string, tally: ReconstructTally) => void;
  /** Told of what could not be brought back as it was. */
  readonly onWarning?: (text: string) => void;
}

/** What was rebuilt. */
export interface ReconstructTally {
  /** Accounts that have checkpoints, without removed ones. */
  accounts: number;
  rebuilt: number;
  /** Accounts that were there already. */
  before: number;
  mailboxes: number;
  messages: number;
  adopted: number;
  lost: number;
  failed: number;
}

/** An account of which there are checkpoints, newest first. */
interface Candidate {
  readonly name: string;
  readonly tree: Id;
  readonly space: Id;
  readonly timeMs: number;
  readonly checkpoints: readonly Id[];
}

/** Accounts at a time: each holds a mailbox in memory. */
const AT_ONCE = 3;

/**
 * Builds the index again from checkpoints and messages alone (Rule 21): every account as its last checkpoint has it, with
 * every number raised; newer messages go to the mailbox they were put into, or to INBOX. Until it has come to its end nobody
 * serves from the index, and nothing is swept. After it was cut short it goes on where it was. Fails with `in-use` where
 * the index has users, unless told otherwise. Holds some 300 bytes an account, and those of {@link SharedMessages}.
 */
export async function reconstruct(store: MailStore, options: ReconstructOptions = {}): Promise<ReconstructTally> {
  const holds = await begin(store, options);
  const tally = { accounts: 0, rebuilt: 0, before: 0, mailboxes: 0, messages: 0, adopted: 0, lost: 0, failed: 0 };
  const warn = options.onWarning ?? (() => undefined);
  const candidates = await findAccounts(store, warn);
  tally.accounts = candidates.length;
  const sinceMs = candidates.reduce((least, { timeMs }) => Math.min(least, timeMs), Number.POSITIVE_INFINITY);
  const shared = await SharedMessages.read(store.ports.blobs, sinceMs - WRITER_MS);
  const waiting = [...candidates];
  const work = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      await rebuildOne(store, one, shared, tally, warn);
      options.onProgress?.(one.name, tally);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await warnOfOthers(store, warn);
  if (tally.failed === 0) await end(store.ports.index, holds);
  return tally;
}

/**
 * Fails with `unavailable` while an index is being rebuilt, or when it is empty although accounts have left checkpoints:
 * users that are not there would seem not to exist, and what they share would be swept.
 */
export async function requireWhole({ index, blobs }: Pick<StorePorts, 'index' | 'blobs'>): Promise<void> {
  const [rebuilding, restoring] = await index.batchGet([RECONSTRUCT, RESTORE]);
  if (rebuilding !== undefined || restoring !== undefined) {
    const command = rebuilding === undefined ? 'restore' : 'reconstruct';
    throw new StoreError('unavailable', `the index is being rebuilt: run cirrus ${command} until it ends`);
  }
  // A domain stays when its last user goes.
  if ((await new Directory(index).domains().next()).done !== true) return;
  if ((await blobs.list(CHECKPOINTS, undefined, 1)).blobs.length === 0) return;
  throw new StoreError('unavailable', 'the index is lost, and there are checkpoints: run cirrus reconstruct');
}

/** Answers whether this holds the sweep; somebody else may. */
async function begin({ ports: { index }, clock }: MailStore, { onlyMissing }: ReconstructOptions): Promise<boolean> {
  const marker = await index.get(RECONSTRUCT);
  if (marker !== undefined) return marker.h === 1;
  const user = await new Directory(index).list().next();
  if (user.done !== true && onlyMissing !== true) {
    throw new StoreError('in-use', `the index has users (${user.value.name}): it is not lost`);
  }
  const held = await index.put(SWEEP_HOLD, { r: 1, t: clock.now() }, 'absent');
  await index.put(RECONSTRUCT, { r: 1, t: clock.now(), h: held.ok ? 1 : 0 }, 'absent');
  return held.ok;
}

async function end(index: Index, holds: boolean): Promise<void> {
  if (holds) await index.delete(SWEEP_HOLD);
  await index.delete(RECONSTRUCT);
}

/** The accounts by their newest checkpoint that can be read; of two with one name the newer. */
async function findAccounts(store: MailStore, warn: (text: string) => void): Promise<Candidate[]> {
  const byName = new Map<string, Candidate>();
  for await (const [tree, ids] of checkpointIds(store)) {
    const found = await newest(store, tree, ids, warn);
    if (found === undefined) continue;
    const other = byName.get(found.name);
    if (other !== undefined) warn(`${found.name} has had two accounts: only the newer one comes back`);
    if (other === undefined || other.timeMs < found.timeMs) byName.set(found.name, found);
  }
  return [...byName.values()];
}

/** Trees that have checkpoints, with these, newest first. */
async function* checkpointIds({ ports: { blobs } }: MailStore): AsyncGenerator<[tree: Id, ids: Id[]]> {
  let [tree, ids]: [string, Id[]] = ['', []];
  let after: string | undefined;
  do {
    const page = await blobs.list(CHECKPOINTS, after);
    for (const { key } of page.blobs) {
      const [of = '', id] = [key.split('/')[1], idOfBlobKey(key)];
      if (of !== tree && ids.length > 0) yield [tree as Id, ids.reverse()];
      if (of !== tree) [tree, ids] = [of, []];
      if (id !== undefined) ids.push(id);
    }
    after = page.next;
  } while (after !== undefined);
  if (ids.length > 0) yield [tree as Id, ids.reverse()];
}

async function newest(
  store: MailStore,
  tree: Id,
  ids: readonly Id[],
  warn: (text: string) => void,
): Promise<Candidate | undefined> {
  for (const [i, id] of ids.entries()) {
    try {
      const { name, space, timeMs, isRemoved } = await readAccountPart(store.ports.blobs, tree, id);
      return isRemoved ? undefined : { name, tree, space, timeMs, checkpoints: ids.slice(i) };
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      warn(`checkpoint ${id} of account ${tree} cannot be read: ${error.message}`);
    }
  }
  return undefined;
}

async function rebuildOne(
  store: MailStore,
  { name, tree, checkpoints }: Candidate,
  shared: SharedMessages,
  tally: ReconstructTally,
  warn: (text: string) => void,
): Promise<void> {
  const there = await new Directory(store.ports.index).find(name);
  if (there !== undefined) {
    tally.before++;
    if (there.tree !== tree) warn(`${name} is there with another account: the lost one does not come back`);
    return;
  }
  for (const checkpoint of checkpoints) {
    try {
      const rebuilt = await rebuildAccount(store, tree, checkpoint, shared);
      await putUser(store.ports.index, rebuilt.user);
      tell(name, rebuilt, warn);
      tally.rebuilt++;
      for (const key of ['mailboxes', 'messages', 'adopted', 'lost'] as const) tally[key] += rebuilt[key];
      return;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      warn(`checkpoint ${checkpoint} of ${name} cannot be read: ${error.message}; the one before is taken`);
    }
  }
  tally.failed++;
  warn(`${name} has no checkpoint that can be read`);
}

function tell(name: string, { adopted, lost, homeless }: Rebuilt, warn: (text: string) => void): void {
  if (adopted > 0) warn(`${name}: ${adopted} messages newer than the checkpoint`);
  if (lost > 0) warn(`${name}: ${lost} messages of the checkpoint had been removed for good since`);
  if (homeless > 0) warn(`${name}: ${homeless} messages, and no INBOX to put them into`);
}

/** The directory entry, last: it says that the account is whole. */
async function putUser(index: Index, user: User): Promise<void> {
  await index.put(domainKey(splitUserName(user.name).domain), { r: 1 }, 'absent');
  const result = await index.put(directoryKeyOf(user.name), encodeUser(user), 'absent');
  if (!result.ok && result.current?.r !== user.rev) {
    throw new StoreError('in-use', `${user.name} was made by somebody else meanwhile`);
  }
}

/** Spaces that are no account's: of accounts that never had a checkpoint, or were removed. */
async function warnOfOthers(store: MailStore, warn: (text: string) => void): Promise<void> {
  const spaces = new Set<string>();
  for await (const { space } of new Directory(store.ports.index).list()) spaces.add(space);
  let others = 0;
  let after: string | undefined;
  for (;;) {
    const page = await store.ports.blobs.list(MESSAGES, after, 1);
    const key = page.blobs[0]?.key;
    if (key === undefined) break;
    const space = key.split('/')[1] ?? '';
    if (!spaces.has(space)) others++;
    after = `${MESSAGES}${space}/~`;
  }
  if (others > 0) warn(`messages of ${others} accounts without a checkpoint, or removed: they stay where they are`);
}
