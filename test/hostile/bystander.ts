import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/until.ts';
import { ImapClient } from './imap-client.ts';

/** A session that goes on with its work while others misbehave. */
export class Bystander implements AsyncDisposable {
  readonly #client: ImapClient;
  readonly #running: Promise<void>;
  #stopped = false;
  /** NOOPs that were answered. */
  answered = 0;
  /** How long the slowest answer took. */
  slowestMs = 0;

  private constructor(client: ImapClient) {
    this.#client = client;
    this.#running = this.#run();
  }

  static async join(port: number): Promise<Bystander> {
    return new Bystander(await ImapClient.loggedIn(port, 'Drafts'));
  }

  /** Waits until it has been answered again. */
  async answeredMoreThan(count: number): Promise<void> {
    await until('the bystander is answered', () => this.answered > count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#running;
    this.#client.close();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const asked = performance.now();
      await this.#client.ok('NOOP');
      this.answered++;
      this.slowestMs = Math.max(this.slowestMs, performance.now() - asked);
      await sleep(10);
    }
  }
}
