import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { Networks } from '../base/config-networks.ts';
import { isLocal } from '../base/config-values.ts';
import { throttleKey } from '../store/keys.ts';
import type { Index, Item, Key } from '../store/ports.ts';
import { type ThrottleLimits, throttleLimits } from './limits.ts';

/** Whose failures are counted together. */
interface Subject {
  readonly key: Key;
  readonly limit: number;
  readonly forgiveMs: number;
}

export interface Attempt {
  readonly ok: boolean;
  readonly delayMs: number;
}

export interface ThrottleOptions {
  readonly clock: Clock;
  readonly limits?: Partial<ThrottleLimits>;
  /** Whether loopback addresses are counted; they are not by default: they may be a webmail's. */
  readonly countLoopback?: boolean;
  /** Addresses that are not counted: many people's. */
  readonly uncounted?: Networks;
  /** Told when the counters cannot be read or written: logins go on without them. */
  readonly onError: (error: unknown) => void;
}

/** How often one item is written again when other gateways count in it at the same time. */
const TRIES = 5;

/**
 * Counts failed logins per user and per address in the index, so that all gateways know. A count decays with time: it is
 * written as a whole, with its time, under the condition that nobody else has, because an atomic add cannot decay.
 */
export class Throttle {
  readonly #index: Index;
  readonly #options: ThrottleOptions;
  readonly #limits: ThrottleLimits;
  /** Logins being checked now, which may all fail. */
  readonly #underWay = new Map<string, number>();

  constructor(index: Index, options: ThrottleOptions) {
    this.#index = index;
    this.#options = options;
    this.#limits = { ...throttleLimits, ...options.limits };
  }

  /** Who is counted for a login: the user (`id`) or the name that nobody has, and the address. */
  subjects(user: { readonly id: string } | undefined, name: string, remoteAddress: string): readonly Subject[] {
    const { userFailures, userForgiveMs, addressFailures, addressForgiveMs } = this.#limits;
    const who = user === undefined ? `?${this.#bucket(name)}` : `u${user.id}`;
    const subjects: Subject[] = [{ key: throttleKey(who), limit: userFailures, forgiveMs: userForgiveMs }];
    const from = this.#network(remoteAddress);
    if (from !== undefined) {
      subjects.push({ key: throttleKey(`a${from}`), limit: addressFailures, forgiveMs: addressForgiveMs });
    }
    return subjects;
  }

  /**
   * Runs the check of a password, unless there were too many failures, and counts it if it failed. `delayMs`: how late a
   * failure is to be answered.
   */
  async attempt(subjects: readonly Subject[], verify: () => Promise<boolean>): Promise<Attempt> {
    // Counted from its first moment, or many at once would all see the count before any of them failed.
    const ahead = subjects.map((subject) => this.#enter(subject));
    try {
      const { refused, delayMs } = await this.#look(subjects, ahead);
      if (refused) return { ok: false, delayMs };
      const ok = await verify();
      if (!ok) await Promise.all(subjects.map((subject) => this.#failed(subject)));
      return { ok, delayMs };
    } finally {
      for (const subject of subjects) this.#leave(subject);
    }
  }

  async #look(
    subjects: readonly Subject[],
    ahead: readonly number[],
  ): Promise<{ readonly refused: boolean; readonly delayMs: number }> {
    let items: readonly (Item | undefined)[] = [];
    try {
      items = await this.#index.batchGet(subjects.map(({ key }) => key));
    } catch (error) {
      this.#options.onError(error);
    }
    let refused = false;
    let delayMs = 0;
    for (const [i, subject] of subjects.entries()) {
      const failures = this.#failures(items[i], subject) + (ahead[i] ?? 0);
      refused ||= failures >= subject.limit;
      // An address may be that of many people: their failures do not add up to a delay as fast.
      delayMs = Math.max(delayMs, this.#delay((failures * this.#limits.userFailures) / subject.limit));
    }
    return { refused, delayMs };
  }

  async #failed(subject: Subject): Promise<void> {
    try {
      let item = await this.#index.get(subject.key);
      for (let attempt = 0; attempt < TRIES; attempt++) {
        const now = this.#options.clock.now();
        const failures = Math.min(this.#failures(item, subject) + 1, subject.limit);
        // Whole numbers only: thousandths of a failure.
        const next: Item = {
          r: (typeof item?.r === 'number' ? item.r : 0) + 1,
          n: Math.round(failures * 1000),
          t: now,
          x: Math.ceil((now + failures * subject.forgiveMs) / 1000),
        };
        const rev = item?.r;
        const result = await this.#index.put(subject.key, next, typeof rev === 'number' ? { rev } : 'absent');
        if (result.ok) return;
        item = result.current;
      }
    } catch (error) {
      this.#options.onError(error);
    }
  }

  /** Failures that are not forgiven yet, with fractions. */
  #failures(item: Item | undefined, { forgiveMs, limit }: Subject): number {
    if (typeof item?.n !== 'number' || typeof item.t !== 'number') return 0;
    // A clock that is behind another gateway's must not count time backwards.
    const passedMs = Math.max(0, this.#options.clock.now() - item.t);
    return Math.min(limit, Math.max(0, item.n / 1000 - passedMs / forgiveMs));
  }

  #delay(failures: number): number {
    const { free, firstDelayMs, lastDelayMs } = this.#limits;
    if (failures < free) return 0;
    return Math.min(lastDelayMs, firstDelayMs * 2 ** Math.floor(failures - free));
  }

  /** Answers how many are being checked already. */
  #enter(subject: Subject): number {
    const count = this.#underWay.get(nameOf(subject)) ?? 0;
    this.#underWay.set(nameOf(subject), count + 1);
    return count;
  }

  #leave(subject: Subject): void {
    const count = this.#underWay.get(nameOf(subject)) ?? 0;
    if (count <= 1) this.#underWay.delete(nameOf(subject));
    else this.#underWay.set(nameOf(subject), count - 1);
  }

  #bucket(name: string): number {
    return createHash('sha256').update(name).digest().readUInt32BE(0) % this.#limits.unknownNames;
  }

  /** The address; of IPv6 the /64, which is what one customer has. Undefined when it is not counted. */
  #network(address: string): string | undefined {
    if (address === '' || (!this.#options.countLoopback && isLocal({ host: address, port: 0 }))) return undefined;
    if (this.#options.uncounted?.has(address)) return undefined;
    const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
    if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
    return firstFourGroups(address);
  }
}

function nameOf({ key }: Subject): string {
  return key.pk.toString('latin1');
}

/** The first 64 bits of an IPv6 address, written out. */
function firstFourGroups(address: string): string {
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  return [...left, ...zeros, ...right]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
