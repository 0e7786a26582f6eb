import type { Hint } from '../store/ports.ts';
import type { Delivered, Delivery, Recipient, Refusal, StoredMail, Transaction } from './ports.ts';

/** What a function is asked to deliver: plain JSON, and so is its answer. */
export interface DeliverRequest {
  readonly mails: readonly StoredMail[];
}

export interface DeliverAnswer {
  /** Per message and recipient, in order. */
  readonly delivered: readonly (readonly Delivered[])[];
  /** For gateways that watch what moved: the function cannot reach them (Rule 20). */
  readonly hints: readonly AddressedHint[];
}

export interface AddressedHint extends Hint {
  readonly addresses: readonly string[];
}

/** Delivery as {@link RemoteDelivery} needs it here: recipients are known and messages stored in this process. */
export interface StoringDelivery extends Delivery {
  store(transaction: Transaction): Promise<StoredMail | Refusal>;
}

export interface RemoteOptions {
  /** Asks the function; may repeat, since a message is delivered once (Rule 13). */
  readonly invoke: (request: DeliverRequest) => Promise<DeliverAnswer>;
  readonly onHints: (hints: readonly AddressedHint[]) => void;
  readonly onError: (error: unknown) => void;
}

export const remoteLimits = {
  /** Messages of one request. */
  mails: 100,
  /** Characters of one request: a function takes 6 MB. */
  requestCharacters: 3 * 1024 * 1024,
  /** A message waits so long for others. */
  waitMs: 10,
} as const;

interface Waiting {
  readonly mail: StoredMail;
  readonly characters: number;
  readonly resolve: (delivered: readonly Delivered[]) => void;
}

const LATER: Refusal = { ok: false, code: 'unavailable', text: 'Temporary failure, try again later' };

/** Stores messages here and has a function run scripts and commit, a batch at a time. */
export class RemoteDelivery implements Delivery {
  readonly #inner: StoringDelivery;
  readonly #options: RemoteOptions;
  #waiting: Waiting[] = [];
  #characters = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(inner: StoringDelivery, options: RemoteOptions) {
    this.#inner = inner;
    this.#options = options;
  }

  recipient(...given: Parameters<Delivery['recipient']>): Promise<Recipient | Refusal> {
    return this.#inner.recipient(...given);
  }

  async deliver(transaction: Transaction): Promise<readonly Delivered[]> {
    const mail = await this.#inner.store(transaction);
    if ('ok' in mail) return transaction.recipients.map(() => mail);
    return new Promise((resolve) => this.#enqueue(mail, resolve));
  }

  #enqueue(mail: StoredMail, resolve: Waiting['resolve']): void {
    const characters = JSON.stringify(mail).length;
    if (this.#characters + characters > remoteLimits.requestCharacters) this.#flush();
    this.#waiting.push({ mail, characters, resolve });
    this.#characters += characters;
    if (this.#waiting.length >= remoteLimits.mails) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), remoteLimits.waitMs);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#characters = 0;
    if (batch.length > 0) void this.#invoke(batch);
  }

  async #invoke(batch: readonly Waiting[]): Promise<void> {
    let answer: DeliverAnswer | undefined;
    try {
      answer = await this.#options.invoke({ mails: batch.map(({ mail }) => mail) });
      this.#options.onHints(answer.hints);
    } catch (error) {
      this.#options.onError(error);
    }
    // Nothing is lost by "later": who tries again finds what was done.
    for (const [i, { mail, resolve }] of batch.entries())
      resolve(mail.recipients.map((_, j) => answer?.delivered[i]?.[j] ?? LATER));
  }
}
