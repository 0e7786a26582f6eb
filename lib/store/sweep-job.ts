import { randomUUID } from 'node:crypto';
import { DAY_MS, GRACE_MS } from './keep.ts';
import { SWEEP_LEASE } from './keys.ts';
import type { MailStore } from './mail-store.ts';
import type { Item } from './ports.ts';
import { runSweep, type SweepOptions, type SweepTally } from './sweep.ts';

export interface SweepJobOptions extends Pick<SweepOptions, 'onAlarm' | 'recountSettleMs'> {
  /** Time between sweeps of all processes together, give or take a quarter. Default 1 h. */
  readonly intervalMs?: number;
  /** Time between audits. Default: a little more than the grace, so that a second one finds notes ripe. */
  readonly auditEveryMs?: number;
  /** Removes what writers that died have left of objects; done with each audit. */
  readonly removeTorn?: () => Promise<unknown>;
  readonly onSwept?: (tally: SweepTally) => void;
  /** Told when a sweep ended early; the next one goes on. */
  readonly onError?: (error: unknown) => void;
}

export interface SweepJob {
  /** Ends the sweep under way at its next step and waits for it. */
  stop(): Promise<void>;
}

const INTERVAL_MS = 3_600_000;
const AUDIT_EVERY_MS = GRACE_MS + DAY_MS / 12;
/** A process that has not renewed its lease for so long is dead, or asleep; two sweeps at once do no harm. */
const LEASE_MS = 300_000;

/** Sweeps now and then, in one process at a time, until it is stopped. Does not keep the process alive. */
export function startSweepJob(store: MailStore, options: SweepJobOptions = {}): SweepJob {
  const runner = new Runner(store, options);
  runner.start();
  return runner;
}

/** One turn of the same, now: sweeps unless another process does or has not long ago. Throws what ended it early. */
export async function sweepOnce(store: MailStore, options: SweepJobOptions, signal: AbortSignal): Promise<void> {
  await new Runner(store, options, signal).turn();
}

/** The lease (`o`: who has it, `u`: until when), when the last sweep (`e`) and the last audit (`a`) ended. */
interface Lease {
  readonly rev: number;
  readonly owner: string;
  readonly untilMs: number;
  readonly sweptMs: number;
  readonly auditedMs: number;
}

class Runner implements SweepJob {
  readonly #store: MailStore;
  readonly #options: SweepJobOptions;
  readonly #owner = randomUUID();
  readonly #stopping = new AbortController();
  readonly #signal: AbortSignal;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(store: MailStore, options: SweepJobOptions, signal?: AbortSignal) {
    this.#store = store;
    this.#options = options;
    this.#signal = signal ?? this.#stopping.signal;
  }

  start(): void {
    this.#wait();
  }

  get #intervalMs(): number {
    return this.#options.intervalMs ?? INTERVAL_MS;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }

  #wait(): void {
    if (this.#stopping.signal.aborted) return;
    this.#timer = setTimeout(
      () => {
        this.#running = this.turn()
          .catch((error: unknown) => {
            if (!this.#stopping.signal.aborted) this.#options.onError?.(error);
          })
          .finally(() => this.#wait());
      },
      this.#intervalMs * (0.75 + this.#store.context.random() / 2),
    );
    this.#timer.unref();
  }

  async turn(): Promise<void> {
    const lease = await this.#take();
    if (lease !== undefined) await this.#sweep(lease);
  }

  async #sweep(taken: Lease): Promise<void> {
    const nowMs = this.#store.clock.now();
    const audit = nowMs - taken.auditedMs >= (this.#options.auditEveryMs ?? AUDIT_EVERY_MS);
    let lease = taken;
    const renew = async (change: Partial<Lease>): Promise<void> => {
      const next = await this.#write(lease, { untilMs: this.#store.clock.now() + LEASE_MS, ...change });
      if (next !== undefined) lease = next;
    };
    const { onAlarm, recountSettleMs } = this.#options;
    let renewing: Promise<void> = Promise.resolve();
    const heartbeat = setInterval(() => {
      renewing = renewing.then(() => renew({})).catch(() => undefined);
    }, LEASE_MS / 3);
    heartbeat.unref();
    let swept = false;
    try {
      const tally = await runSweep(this.#store, {
        audit,
        signal: this.#signal,
        ...(onAlarm && { onAlarm }),
        ...(recountSettleMs !== undefined && { recountSettleMs }),
      });
      if (audit && !tally.held) await this.#options.removeTorn?.();
      swept = !tally.held;
      this.#options.onSwept?.(tally);
    } finally {
      clearInterval(heartbeat);
      await renewing;
      await renew({ untilMs: 0, ...(swept && { sweptMs: nowMs, ...(audit && { auditedMs: nowMs }) }) });
    }
  }

  /** The lease, unless another process has it or has swept not long ago. */
  async #take(): Promise<Lease | undefined> {
    const nowMs = this.#store.clock.now();
    const lease = leaseOf(await this.#store.ports.index.get(SWEEP_LEASE));
    // Clocks differ: a time that lies ahead is no reason to wait.
    const isFresh = (ms: number, forMs: number): boolean => ms <= nowMs && nowMs - ms < forMs;
    const isTaken = lease.untilMs > nowMs && lease.untilMs <= nowMs + 2 * LEASE_MS && lease.owner !== this.#owner;
    if (isTaken || isFresh(lease.sweptMs, this.#intervalMs / 2)) return undefined;
    return this.#write(lease, { untilMs: nowMs + LEASE_MS });
  }

  /** Undefined: another process has written meanwhile. */
  async #write(before: Lease, change: Partial<Lease>): Promise<Lease | undefined> {
    const next: Lease = { ...before, owner: this.#owner, ...change, rev: before.rev + 1 };
    const owner = Buffer.from(next.owner, 'utf8');
    const item: Item = { r: next.rev, o: owner, u: next.untilMs, e: next.sweptMs, a: next.auditedMs };
    const condition = before.rev === 0 ? 'absent' : { rev: before.rev };
    const result = await this.#store.ports.index.put(SWEEP_LEASE, item, condition);
    return result.ok ? next : undefined;
  }
}

function leaseOf(item: Item | undefined): Lease {
  const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
  const owner = item?.o instanceof Uint8Array ? Buffer.from(item.o).toString('utf8') : '';
  const [rev, untilMs, sweptMs, auditedMs] = [item?.r, item?.u, item?.e, item?.a].map(number);
  return { rev: rev ?? 0, owner, untilMs: untilMs ?? 0, sweptMs: sweptMs ?? 0, auditedMs: auditedMs ?? 0 };
}
