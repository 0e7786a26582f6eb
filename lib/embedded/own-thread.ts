import { once } from 'node:events';
import { parentPort, type Transferable, Worker } from 'node:worker_threads';
import { StoreError, type StoreErrorCode } from '../store/errors.ts';

type ToThread<Question> = { readonly question: Question } | 'close';

/** An error as it can be told to another thread, where it would lose its class. */
export interface Failure {
  readonly code: StoreErrorCode | undefined;
  readonly text: string;
  /** Protocols tell by it what is for the log and not for clients. */
  readonly cause: string | undefined;
}

type FromThread<Answer> = { readonly answer: Answer } | { readonly failed: Failure };

export interface OwnThreadOptions {
  /** The module that calls {@link answerQuestions}. */
  readonly module: URL;
  /** As tools that look at a process show it, and errors say. */
  readonly name: string;
  /** `workerData` of the module. */
  readonly data: unknown;
  /** Told when the thread ended by itself. */
  readonly onEnded?: ((error: unknown) => void) | undefined;
}

/**
 * A thread of its own for what waits for the disk or for other processes: nobody else is stopped by it. It is asked one
 * thing at a time. One that ended by itself answers `unavailable`; the next question gets a new thread.
 */
export class OwnThread<Question, Answer> {
  readonly #options: OwnThreadOptions;
  #thread: Worker | undefined;
  #asked: { resolve(answer: Answer): void; reject(reason: unknown): void } | undefined;

  constructor(options: OwnThreadOptions) {
    this.#options = options;
  }

  /** What is in `transfer` is the thread's from now on. Throws what the thread threw: `StoreError`, or an `Error`. */
  ask(question: Question, transfer: readonly Transferable[] = []): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#asked = { resolve, reject };
      this.#thread ??= this.#start();
      // Whoever waits for an answer keeps the process alive; an idle thread does not.
      this.#thread.ref();
      this.#thread.postMessage({ question } satisfies ToThread<Question>, transfer);
    });
  }

  async close(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    if (thread === undefined) return;
    thread.ref();
    const exit = once(thread, 'exit');
    thread.postMessage('close' satisfies ToThread<Question>);
    await exit;
  }

  #start(): Worker {
    const { module, name, data, onEnded } = this.#options;
    const thread = new Worker(module, { name, workerData: data });
    let cause: unknown;
    thread.on('message', (message: FromThread<Answer>) => {
      thread.unref();
      if ('answer' in message) this.#asked?.resolve(message.answer);
      else this.#asked?.reject(errorOf(message.failed));
      this.#asked = undefined;
    });
    thread.on('error', (error) => {
      cause = error;
    });
    thread.on('exit', (code) => {
      if (this.#thread !== thread) return;
      this.#thread = undefined;
      const ended = new StoreError('unavailable', `the thread "${name}" ended (${code})`, { cause });
      this.#asked?.reject(ended);
      this.#asked = undefined;
      onEnded?.(ended);
    });
    return thread;
  }
}

/** The thread's side: answers each question in turn, until it is asked to close. */
export function answerQuestions<Question, Answer>(
  answer: (question: Question) => Answer | Promise<Answer>,
  close: () => void | Promise<void>,
): void {
  parentPort?.on('message', async (message: ToThread<Question>) => {
    if (message === 'close') {
      await close();
      parentPort?.close();
      return;
    }
    try {
      parentPort?.postMessage({ answer: await answer(message.question) } satisfies FromThread<Answer>);
    } catch (error) {
      parentPort?.postMessage({ failed: failureOf(error) } satisfies FromThread<Answer>);
    }
  });
}

export function failureOf(error: unknown): Failure {
  const code = error instanceof StoreError ? error.code : undefined;
  if (!(error instanceof Error)) return { code, text: String(error), cause: undefined };
  const { message: text, cause } = error;
  if (cause === undefined) return { code, text, cause };
  return { code, text, cause: cause instanceof Error ? cause.message : String(cause) };
}

export function errorOf({ code, text, cause }: Failure): Error {
  const options = cause === undefined ? {} : { cause: new Error(cause) };
  return code === undefined ? new Error(text, options) : new StoreError(code, text, options);
}
