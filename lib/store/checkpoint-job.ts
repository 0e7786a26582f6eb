import { type CheckpointOptions, type CheckpointTally, runCheckpoints } from './checkpoint-run.ts';
import { DAY_MS } from './keep.ts';
import { CHECKPOINT_LEASE } from './keys.ts';
import type { MailStore } from './mail-store.ts';

export interface CheckpointJobOptions extends Pick<CheckpointOptions, 'onAlarm'> {
  /** How often a process looks whether it is time, give or take a quarter. Default 1 h. */
  readonly intervalMs?: number;
  /** Time between runs of all processes together. Default a day. */
  readonly everyMs?: number;
  readonly onDone?: (tally: CheckpointTally) => void;
  /** Told when a run ended early; the next one goes on. */
  readonly onError?: (error: unknown) => void;
}

export interface CheckpointJob {
  /** Ends the run under way after the account at hand and waits for it. */
  stop(): Promise<void>;
}

const INTERVAL_MS = DAY_MS / 24;
/** A run that has not told of itself for so long has ended with its process; two at once do no harm. */
const LEASE_MS = 600_000;

/** The lease: who runs until when (`u`), when the last run ended (`e`). */
interface Lease {
  readonly rev: number;
  readonly untilMs: number;
  readonly endedMs: number;
}

/** Writes checkpoints once a day, in one process at a time, until it is stopped. Does not keep the process alive. */
export function startCheckpointJob(store: MailStore, options: CheckpointJobOptions = {}): CheckpointJob {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const turn = async (): Promise<void> => {
    try {
      await runWhenDue(store, options, stopping.signal);
    } catch (error) {
      if (!stopping.signal.aborted) options.onError?.(error);
    }
  };
  const wait = (): void => {
    if (stopping.signal.aborted) return;
    const delayMs = (options.intervalMs ?? INTERVAL_MS) * (0.75 + store.context.random() / 2);
    timer = setTimeout(() => {
      running = turn().finally(wait);
    }, delayMs);
    timer.unref();
  };
  wait();
  return {
    stop: async () => {
      stopping.abort();
      clearTimeout(timer);
      await running;
    },
  };
}

async function runWhenDue(store: MailStore, options: CheckpointJobOptions, signal: AbortSignal): Promise<void> {
  const nowMs = store.clock.now();
  const found = await readLease(store);
  const isTaken = found.untilMs > nowMs && found.untilMs <= nowMs + 2 * LEASE_MS;
  // Clocks differ: a time that lies ahead is no reason to wait.
  const isDone = found.endedMs <= nowMs && nowMs - found.endedMs < (options.everyMs ?? DAY_MS);
  if (isTaken || isDone) return;
  let lease = await writeLease(store, { ...found, untilMs: nowMs + LEASE_MS });
  if (lease === undefined) return;
  let renewing: Promise<unknown> = Promise.resolve();
  const heartbeat = setInterval(() => {
    renewing = renewing
      .then(async () => {
        if (lease !== undefined)
          lease = (await writeLease(store, { ...lease, untilMs: store.clock.now() + LEASE_MS })) ?? lease;
      })
      .catch(() => undefined);
  }, LEASE_MS / 3);
  heartbeat.unref();
  let endedMs = found.endedMs;
  try {
    const { onAlarm } = options;
    const tally = await runCheckpoints(store, { signal, ...(onAlarm && { onAlarm }) });
    endedMs = nowMs;
    options.onDone?.(tally);
  } finally {
    clearInterval(heartbeat);
    await renewing;
    await writeLease(store, { ...lease, untilMs: 0, endedMs });
  }
}

async function readLease({ ports: { index } }: MailStore): Promise<Lease> {
  const item = await index.get(CHECKPOINT_LEASE);
  const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
  return { rev: number(item?.r), untilMs: number(item?.u), endedMs: number(item?.e) };
}

/** Undefined: another process has written meanwhile. */
async function writeLease({ ports: { index } }: MailStore, lease: Lease): Promise<Lease | undefined> {
  const next = { ...lease, rev: lease.rev + 1 };
  const item = { r: next.rev, u: next.untilMs, e: next.endedMs };
  const result = await index.put(CHECKPOINT_LEASE, item, lease.rev === 0 ? 'absent' : { rev: lease.rev });
  return result.ok ? next : undefined;
}
