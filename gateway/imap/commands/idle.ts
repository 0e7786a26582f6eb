import type { Context } from '../context.ts';
import { bad, ok, type Reply } from '../reply.ts';
import { condition } from '../wire/write/response.ts';

/** IDLE (RFC 9051 §6.3.13): until the client says DONE, it is told of changes when they happen. */
export async function idle(context: Context): Promise<Reply> {
  const { notifier } = context;
  const push = new Push(context);
  try {
    push.start();
    if (notifier !== undefined) {
      notifier.idling = true;
      notifier.resume();
    }
    const line = await context.input.answer('idling');
    return line.toUpperCase() === 'DONE' ? ok() : bad('DONE was expected');
  } finally {
    if (notifier !== undefined) {
      await notifier.pause();
      notifier.idling = false;
    }
    await push.stop();
  }
}

/** Tells changes while a client waits: what others do here, what hints say, and what a look each minute finds. */
class Push {
  readonly #context: Context;
  readonly #timers: NodeJS.Timeout[] = [];
  #unlisten: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(context: Context) {
    this.#context = context;
  }

  start(): void {
    const { limits, store } = this.#context.options;
    this.#every(limits.stillHereMs, () => this.#context.write(condition(null, 'OK', null, 'Still here')));
    // Two that tell would tell at once.
    if (!this.#context.hasSelected || this.#context.notifier?.tellsSelected === true) return;
    const { selected } = this.#context;
    const { mailbox } = selected.open;
    this.#unlisten = mailbox.listen(() => this.#wake());
    store.context.background('watch', () => mailbox.watch());
    // A mailbox that cannot be read now is looked at again a minute later.
    // What the user has seen elsewhere (Rule 16) wakes nobody by itself.
    const look = (): Promise<void> => selected.poll().then(() => this.#wake());
    this.#every(limits.pollMs, () => store.context.background('poll', look));
    this.#every(limits.watchMs, () => store.context.background('watch', () => mailbox.watch()));
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unlisten?.();
    for (const timer of this.#timers) clearInterval(timer);
    await this.#running;
  }

  #every(ms: number, work: () => void): void {
    this.#timers.push(setInterval(work, ms).unref());
  }

  /** Changes that come while others are being told are told after them, together. */
  #wake(): void {
    this.#again = true;
    this.#running ??= this.#tell().finally(() => {
      this.#running = undefined;
    });
  }

  async #tell(): Promise<void> {
    try {
      while (this.#again && !this.#stopped && this.#context.hasSelected) {
        this.#again = false;
        await this.#context.tell({ expunges: true, withUid: false });
      }
      // The mailbox is gone and BYE is said: the waiting read ends with the connection.
      if (!this.#stopped && !this.#context.hasSelected) void this.#context.connection.close();
    } catch (error) {
      this.#context.log.debug({ err: error }, 'IDLE could not tell');
      this.#context.connection.destroy();
    }
  }
}
