/** Counts the sessions of each user in this process, so that the clients of one leave room for those of others. */
export class Logins {
  readonly #most: number;
  readonly #sessions = new Map<string, number>();

  /** `most`: sessions that one user may have at a time, 0 for any number (`maxlogins_per_user`). */
  constructor(most: number) {
    this.#most = most;
  }

  /** One more session of the user with this id. Answers what ends it; undefined when there are as many as may be. */
  begin(user: string): (() => void) | undefined {
    const count = this.#sessions.get(user) ?? 0;
    if (this.#most > 0 && count >= this.#most) return undefined;
    this.#sessions.set(user, count + 1);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      const left = (this.#sessions.get(user) ?? 0) - 1;
      if (left > 0) this.#sessions.set(user, left);
      else this.#sessions.delete(user);
    };
  }
}
