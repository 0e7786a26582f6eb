import { setImmediate } from 'node:timers/promises';

export interface GroupsOptions<Asked, Answer> {
  /** Does all that is asked in a group, and answers in order; an error is that of each. */
  run(group: readonly Asked[]): Promise<readonly Answer[]>;
  bytesOf(asked: Asked): number;
  /** What a group may hold, unless it is one alone. */
  readonly maxBytes: number;
  readonly maxCount?: number;
}

interface Waiting<Asked, Answer> {
  readonly asked: Asked;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: unknown) => void;
}

/** One group at a time: what arrives while it is done is the next group, which costs one wait for all of it. */
export class Groups<Asked, Answer> {
  readonly #options: GroupsOptions<Asked, Answer>;
  readonly #waiting: Waiting<Asked, Answer>[] = [];
  #running: Promise<void> | undefined;

  constructor(options: GroupsOptions<Asked, Answer>) {
    this.#options = options;
  }

  /** Resolves when the group that this is in is done. */
  do(asked: Asked): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ asked, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing waits. */
  async done(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // A turn of the event loop, so that those who arrive together, or go on with an answer, share.
      await setImmediate();
      const group = this.#nextGroup();
      try {
        const answers = await this.#options.run(group.map(({ asked }) => asked));
        for (const [i, answer] of answers.entries()) group[i]?.resolve(answer);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
      await setImmediate();
    }
    this.#running = undefined;
  }

  #nextGroup(): readonly Waiting<Asked, Answer>[] {
    const { bytesOf, maxBytes, maxCount = Number.POSITIVE_INFINITY } = this.#options;
    let bytes = 0;
    let length = 0;
    for (const { asked } of this.#waiting) {
      bytes += bytesOf(asked);
      if (length > 0 && (length === maxCount || bytes > maxBytes)) break;
      length++;
    }
    return this.#waiting.splice(0, length);
  }
}
