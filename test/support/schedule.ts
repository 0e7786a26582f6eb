import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { StoreError } from '../../lib/store/errors.ts';
import type { Index } from '../../lib/store/ports.ts';
import { copyOfItem } from './faulty-index.ts';

interface Waiting {
  readonly writes: boolean;
  readonly apply: () => Promise<unknown>;
  /** Undefined: its caller was told long ago that it failed. */
  readonly answer?: { readonly resolve: (value: unknown) => void; readonly reject: (error: unknown) => void };
}

/**
 * Decides in which order the calls of several processes reach the index, one at a time: every call waits until chance
 * picks it, so that between any two steps of one process anything may happen in the others. Some are answered with an
 * error, applied or not, land later than their answer, or are applied twice (docs/store.md, How to break it).
 */
export class Schedule {
  readonly #random: () => number;
  readonly #faultRate: number;
  #waiting: Waiting[] = [];
  steps = 0;

  constructor(random: () => number, faultRate: number) {
    this.#random = random;
    this.#faultRate = faultRate;
  }

  /** The index as one of the processes reaches it. */
  wrap(index: Index): Index {
    const read = <T>(apply: () => Promise<T>): Promise<T> => this.#enqueue(false, apply);
    const write = <T>(apply: () => Promise<T>): Promise<T> => this.#enqueue(true, apply);
    return {
      get: (...args) => read(() => index.get(...args)),
      batchGet: (...args) => read(() => index.batchGet(...args)),
      put: (key, item, condition) => {
        const own = copyOfItem(item);
        return write(() => index.put(key, own, condition));
      },
      delete: (...args) => write(() => index.delete(...args)),
      add: (...args) => write(() => index.add(...args)),
      query: (...args) => read(() => index.query(...args)),
      scan: (...args) => read(() => index.scan(...args)),
      close: () => index.close(),
    };
  }

  /** Lets calls through until the work is done and nothing waits or is still to land. */
  async drive(work: Promise<unknown>): Promise<void> {
    let done = false;
    const ended = work.finally(() => {
      done = true;
    });
    ended.catch(() => undefined);
    while (!done || this.#waiting.length > 0) {
      if (this.#waiting.length === 0) await sleep(1);
      else await this.#step();
      // Whoever was answered goes on to its next call before chance picks again.
      await turn();
      await turn();
    }
    await ended;
  }

  #enqueue<T>(writes: boolean, apply: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ writes, apply, answer: { resolve: resolve as (value: unknown) => void, reject } });
    });
  }

  async #step(): Promise<void> {
    this.steps++;
    const at = Math.floor(this.#random() * this.#waiting.length);
    const [call] = this.#waiting.splice(at, 1);
    if (call === undefined) return;
    const fault = this.#random() < this.#faultRate ? this.#random() : 1;
    const { answer, apply } = call;
    if (answer === undefined) {
      await apply().catch(() => undefined);
      return;
    }
    try {
      if (fault < 1) {
        if (!call.writes || fault < 0.2) throw new StoreError('unavailable', 'not applied');
        if (fault < 0.4) {
          this.#waiting.push({ writes: true, apply });
          throw new StoreError('unavailable', 'it will land later');
        }
        await apply();
        if (fault < 0.8) throw new StoreError('unavailable', 'applied, the answer was lost');
      }
      answer.resolve(await apply());
    } catch (error) {
      answer.reject(error);
    }
  }
}
