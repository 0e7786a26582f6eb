import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../../lib/store/errors.ts';

/**
 * What happens to one call of a port (docs/store.md, How to break it).
 *
 * - `fail`: not applied, answered with an error.
 * - `lost`: applied, answered with an error.
 * - `late`: answered with an error, applied afterwards.
 * - `twice`: applied twice, the second answer is given.
 * - `{ pause }`: waits for the promise first.
 */
export type Fault = 'fail' | 'lost' | 'late' | 'twice' | { readonly pause: Promise<unknown> };

export interface FaultCall {
  /** 1 for the first call of all ports that share the plan. */
  readonly number: number;
  /** `index.put`, `blobs.get`, ... */
  readonly name: string;
  /** Whether it changes anything. */
  readonly writes: boolean;
}

/** Says what happens to each call; undefined: nothing special. */
export type FaultChooser = (call: FaultCall) => Fault | undefined;

/** The course of faults through one or several ports. */
export class FaultPlan {
  /** All calls so far, in order. */
  readonly calls: FaultCall[] = [];
  readonly #choose: FaultChooser;
  readonly #lateMs: () => number;
  readonly #landing = new Set<Promise<unknown>>();

  constructor(choose: FaultChooser, lateMs: () => number = () => 5) {
    this.#choose = choose;
    this.#lateMs = lateMs;
  }

  /** Runs the call as the plan says. `apply` may be run never, once or twice. */
  async run<T>(name: string, writes: boolean, apply: () => Promise<T>): Promise<T> {
    const call: FaultCall = { number: this.calls.length + 1, name, writes };
    this.calls.push(call);
    const fault = this.#choose(call);
    if (fault === undefined) return apply();
    if (typeof fault === 'object') {
      await fault.pause;
      return apply();
    }
    if (fault === 'twice') {
      await apply();
      return apply();
    }
    if (fault === 'lost') await apply();
    if (fault === 'late') this.#land(apply);
    throw new StoreError('unavailable', `${fault}: call ${call.number}, ${name}`);
  }

  /** Resolves when every late call has landed. */
  async landed(): Promise<void> {
    while (this.#landing.size > 0) await Promise.all(this.#landing);
  }

  #land(apply: () => Promise<unknown>): void {
    const landing = sleep(this.#lateMs())
      .then(apply)
      .catch(() => undefined)
      .finally(() => this.#landing.delete(landing));
    this.#landing.add(landing);
  }
}

/** Faults at the calls with these numbers. */
export function scripted(faults: Readonly<Record<number, Fault>>): FaultChooser {
  return (call) => faults[call.number];
}

/** Faults of all kinds at random: each call with the probability `rate`. The same seed gives the same course. */
export function seeded(seed: number, rate: number): FaultChooser {
  const random = randomFrom(seed);
  return ({ writes }) => {
    const happens = random() < rate;
    const which = random();
    const pauseMs = random() * 10;
    if (!happens) return undefined;
    if (which < 0.2) return { pause: sleep(pauseMs) };
    if (!writes || which < 0.4) return 'fail';
    return which < 0.7 ? 'lost' : which < 0.85 ? 'late' : 'twice';
  };
}

/** Numbers in [0, 1) that depend on the seed alone (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
