import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { Id } from '../base/ids.ts';
import { StoreError } from './errors.ts';
import { maildropKey } from './keys.ts';
import type { LogContext } from './log.ts';
import type { Index, Item } from './ports.ts';

/** How long a lock holds that is not renewed: so long is a maildrop closed after its gateway was lost. */
export const LOCK_MS = 120_000;
/** How far the clocks of two gateways may differ. */
export const SKEW_MS = 30_000;
const RENEW_MS = LOCK_MS / 4;

export interface MaildropLockOptions {
  /** A login must be so long after the one before; 0: any time. */
  readonly minPollMs?: number;
}

/** The item: `o` whose the lock is, `u` until when, `p` when the user last logged in. */
interface Lock {
  readonly rev: number;
  readonly owner: string;
  readonly untilMs: number;
  readonly polledMs: number;
}

/** Refused because the user logged in not long ago (RFC 2449 §8.1.1). */
export class PolledLately extends Error {
  override readonly name = 'PolledLately';
}

/**
 * The only POP3 session of a mailbox, in whichever gateway (RFC 1939 §4). A lease: it is renewed as long as it is held, and
 * may be taken when its time and the clocks' difference have passed, so that a lost gateway does not close a maildrop for
 * ever. Who has lost it learns so from {@link isHeld}. IMAP goes on beside it.
 */
export class MaildropLock {
  readonly #index: Index;
  readonly #clock: Clock;
  readonly #mailbox: Id;
  readonly #keepsPoll: boolean;
  #lock: Lock;
  /** By our own steady clock: the lock is ours until then, whatever others' clocks say. */
  #heldUntil: number;
  #lost = false;
  #writing: Promise<void> = Promise.resolve();
  readonly #timer: NodeJS.Timeout;

  private constructor(index: Index, clock: Clock, mailbox: Id, lock: Lock, takenAt: number, keepsPoll: boolean) {
    this.#index = index;
    this.#clock = clock;
    this.#mailbox = mailbox;
    this.#lock = lock;
    this.#heldUntil = takenAt + LOCK_MS;
    this.#keepsPoll = keepsPoll;
    this.#timer = setInterval(() => void this.renew().catch(() => undefined), RENEW_MS);
    this.#timer.unref();
  }

  /** Takes the lock. Throws `StoreError('in-use')` and {@link PolledLately}. */
  static async take(
    { index, clock, random }: Pick<LogContext, 'index' | 'clock' | 'random'>,
    mailbox: Id,
    { minPollMs = 0 }: MaildropLockOptions = {},
  ): Promise<MaildropLock> {
    const key = maildropKey(mailbox);
    const found = await index.get(key);
    const before = found === undefined ? undefined : lockOf(found);
    const nowMs = clock.now();
    if (before !== undefined && isTaken(before, nowMs)) throw inUse();
    if (before !== undefined && isWithin(nowMs - before.polledMs, minPollMs)) throw new PolledLately();
    // The revision begins anywhere: an item that was removed and made again is another one for whoever knew the first.
    const rev = before === undefined ? 1 + Math.floor(random() * 2 ** 40) : before.rev + 1;
    const lock = { rev, owner: randomUUID(), untilMs: nowMs + LOCK_MS, polledMs: nowMs };
    const takenAt = performance.now();
    const result = await index.put(key, itemOf(lock), before === undefined ? 'absent' : { rev: before.rev });
    // A repeated request finds what its first try wrote (Rule 3).
    if (!result.ok && !isOwn(result.current, lock)) throw inUse();
    return new MaildropLock(index, clock, mailbox, lock, takenAt, minPollMs > 0);
  }

  /** Whether nobody else can have the lock. */
  get isHeld(): boolean {
    return !this.#lost && performance.now() < this.#heldUntil;
  }

  /** Makes the lock last from now on. Rejects with `unavailable`; {@link isHeld} tells whether it is still ours. */
  renew(): Promise<void> {
    const work = this.#writing.then(async () => {
      if (this.#lost) return;
      const next = { ...this.#lock, rev: this.#lock.rev + 1, untilMs: this.#clock.now() + LOCK_MS };
      const begun = performance.now();
      const result = await this.#index.put(maildropKey(this.#mailbox), itemOf(next), { rev: this.#lock.rev });
      if (result.ok) [this.#lock, this.#heldUntil] = [next, begun + LOCK_MS];
      else if (isOwn(result.current, this.#lock)) this.#lock = lockOf(result.current);
      else this.#lost = true;
    });
    this.#writing = work.catch(() => undefined);
    return work;
  }

  /** Lets others in. When that cannot be written, the lock ends by itself. */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
    if (this.#lost) return;
    this.#lost = true;
    const { rev } = this.#lock;
    const key = maildropKey(this.#mailbox);
    if (!this.#keepsPoll) await this.#index.delete(key, { rev });
    else await this.#index.put(key, itemOf({ ...this.#lock, rev: rev + 1, untilMs: 0 }), { rev });
  }
}

function inUse(): StoreError {
  return new StoreError('in-use', 'Another POP3 session has the mailbox');
}

/** A time further ahead than any lock reaches was written by a clock that is wrong: no reason to wait for it. */
function isTaken({ untilMs }: Lock, nowMs: number): boolean {
  return isWithin(nowMs - (untilMs - LOCK_MS), LOCK_MS + SKEW_MS);
}

/** Whether something is younger than a time; clocks differ, so that it may lie ahead a little. */
function isWithin(ageMs: number, timeMs: number): boolean {
  return timeMs > 0 && ageMs < timeMs && ageMs > -2 * SKEW_MS;
}

function isOwn(item: Item | undefined, { owner }: Lock): item is Item {
  return item !== undefined && lockOf(item).owner === owner;
}

function itemOf({ rev, owner, untilMs, polledMs }: Lock): Item {
  // Long after it has any meaning the item may go.
  const dropAt = Math.ceil((polledMs + DROP_AFTER_MS) / 1000);
  return { r: rev, o: Buffer.from(owner, 'utf8'), u: untilMs, p: polledMs, x: dropAt };
}

const DROP_AFTER_MS = 90 * 86_400_000;

function lockOf(item: Item): Lock {
  const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
  const owner = item.o instanceof Uint8Array ? Buffer.from(item.o).toString('utf8') : '';
  return { rev: number(item.r), owner, untilMs: number(item.u), polledMs: number(item.p) };
}
