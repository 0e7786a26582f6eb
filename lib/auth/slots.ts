import { StoreError } from '../store/errors.ts';

/** Runs a few things at a time; the others wait in line, and beyond the line's length they are refused. */
export class Slots {
  readonly #atOnce: number;
  readonly #waitingLimit: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(atOnce: number, waitingLimit: number) {
    this.#atOnce = atOnce;
    this.#waitingLimit = waitingLimit;
  }

  /** Runs `work` when it is its turn. `StoreError('unavailable')` when the line is too long. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#atOnce) {
      if (this.#waiting.length >= this.#waitingLimit) {
        throw new StoreError('unavailable', 'too many logins at once, try again later');
      }
      await new Promise<void>((turn) => this.#waiting.push(turn));
    } else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The slot passes to the next in line without becoming free.
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
