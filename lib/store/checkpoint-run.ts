import { idTimeMs } from '../base/ids.ts';
import { accountDigest, checkpointsOf, noteCheckpoint, readCheckpointState, writeCheckpoint } from './checkpoint.ts';
import { Directory, type User } from './directory.ts';
import { DAY_MS } from './keep.ts';
import { checkpointKey } from './keys.ts';
import type { MailStore } from './mail-store.ts';
import { SWEEP_HOLD } from './sweep-run.ts';

export interface CheckpointOptions {
  /** Also accounts whose last checkpoint is not a day old, if anything changed since. */
  readonly now?: boolean;
  /** Called after each account. */
  readonly onProgress?: (user: string, tally: CheckpointTally) => void;
  /** Told of accounts that cannot be read: what they had stays, the others go on. */
  readonly onAlarm?: (where: string, error: unknown) => void;
  readonly signal?: AbortSignal;
}

/** What a run did, in accounts. */
export interface CheckpointTally {
  accounts: number;
  written: number;
  /** Old checkpoints deleted. */
  deleted: number;
  alarms: number;
}

/** A checkpoint younger than this is today's, give or take when the job comes round. */
const FRESH_MS = DAY_MS * 0.8;
/** Superseded checkpoints are kept for so long. */
export const CHECKPOINT_KEEP_MS = 7 * DAY_MS;

/**
 * Writes a checkpoint of every account that has changed since its last one (Rule 21), and deletes superseded ones after a
 * week. An account that has not changed costs its heads; one with a checkpoint of today one item. May be stopped at any
 * point and run again; two at once write two checkpoints, which does no harm.
 */
export async function runCheckpoints(store: MailStore, options: CheckpointOptions = {}): Promise<CheckpointTally> {
  const tally: CheckpointTally = { accounts: 0, written: 0, deleted: 0, alarms: 0 };
  for await (const user of new Directory(store.ports.index).list()) {
    options.signal?.throwIfAborted();
    tally.accounts++;
    try {
      await checkpointOne(store, user, options, tally);
    } catch (error) {
      if (options.signal?.aborted === true) throw error;
      tally.alarms++;
      options.onAlarm?.(`checkpoint of ${user.name}`, error);
    }
    options.onProgress?.(user.name, tally);
  }
  return tally;
}

async function checkpointOne(
  store: MailStore,
  user: User,
  options: CheckpointOptions,
  tally: CheckpointTally,
): Promise<void> {
  const state = await readCheckpointState(store, user);
  const nowMs = store.clock.now();
  const isFresh = state.timeMs <= nowMs && nowMs - state.timeMs < FRESH_MS;
  if (isFresh && options.now !== true) return;
  // Before anything is read: what changes meanwhile is the next one's.
  const { digest, seqs } = await accountDigest(store, user);
  if (digest.equals(state.digest)) return;
  await writeCheckpoint(store, user, seqs);
  tally.written++;
  await noteCheckpoint(store, user, { rev: state.rev, timeMs: nowMs, digest });
  tally.deleted += await deleteSuperseded(store, user, nowMs);
}

/** The newest stays, however old. */
async function deleteSuperseded(store: MailStore, { tree }: User, nowMs: number): Promise<number> {
  const superseded = (await checkpointsOf(store, tree)).slice(0, -1);
  const old = superseded.filter((id) => idTimeMs(id) < nowMs - CHECKPOINT_KEEP_MS);
  if (old.length === 0 || (await store.ports.index.get(SWEEP_HOLD)) !== undefined) return 0;
  await store.ports.blobs.deleteMany(old.map((id) => checkpointKey(tree, id)));
  return old.length;
}
