import type { Id } from '../base/ids.ts';
import { decodeWords } from '../message/encoded-word.ts';
import { firstValue } from '../message/header.ts';
import { deliverOnce } from '../store/claims.ts';
import type { User } from '../store/directory.ts';
import { JobPostponed, StoreError } from '../store/errors.ts';
import { NONCE_KEEP_MS } from '../store/keep.ts';
import { markKey } from '../store/keys.ts';
import type { MailStore } from '../store/mail-store.ts';
import { markName } from '../store/marks.ts';
import { copyMessage, messageStream, storeMessage } from '../store/messages.ts';
import type { Item, Job, JobHandler, Outbox } from '../store/ports.ts';
import { INBOX } from '../store/tree-view.ts';
import { unsentNotice } from './compose/submission.ts';
import { SIEVE_FAILED } from './decision.ts';
import { decodeOutgoing, encodeOutgoing, type OutgoingJob, type OutgoingMessage } from './outgoing-job.ts';

/** Limits of outgoing mail. */
export const outgoingLimits = {
  /** First wait after a relay was not there; the next ones are a third of the message's age, */
  firstRetryMs: 30_000,
  /** at most this. */
  retryMs: 3_600_000,
  /** A message that no relay has taken for so long is given up: less than what is unreferenced is kept (Rule 9). */
  giveUpMs: 20 * 3_600_000,
  /** Messages that are sent at once. */
  concurrency: 4,
  /** Bytes of a message that we compose ourselves; a longer one is not sent. */
  composedBytes: 256 * 1024,
} as const;

export interface OutgoingFact {
  readonly kind: string;
  readonly user: string;
  readonly to: string;
  /** `given up`: never sent; of a redirect the message is in INBOX. */
  readonly outcome: 'queued' | 'queued before' | 'sent' | 'waits' | 'given up';
  readonly why?: string;
}

/** A delivery, as far as it makes the things that it sends unique (Rule 14). */
export interface Once {
  readonly deliveryId: Buffer;
  /** What all copies of a message share; undefined: nothing to suppress by. */
  readonly messageKey: Buffer | undefined;
  readonly suppressMs: number;
}

const KIND = 'submit';

/** Kind of what users send by their Outbox: they are told when it cannot be sent. */
export const OUTBOX_KIND = 'outbox';

const CLAIM_TRIES = 5;

/**
 * Mail on its way out: each message is claimed like a delivery, and then is a job until a relay has taken it. Whoever finds
 * a claim that is not settled asks for the job again, so that a crash between the two loses nothing.
 */
export class Outgoing {
  readonly #store: MailStore;
  readonly #onFact: (fact: OutgoingFact) => void;

  constructor(store: MailStore, onFact: (fact: OutgoingFact) => void = () => undefined) {
    this.#store = store;
    this.#onFact = onFact;
  }

  /** Durable when it resolves. A message that was sent by an earlier try, or for a copy, is not sent again. */
  async send(user: User, once: Once, message: OutgoingMessage): Promise<void> {
    const { kind, to } = message;
    const fact = { kind, user: user.name, to };
    const claim = await this.#claim(user, once, message);
    if (claim.isSent) return this.#onFact({ ...fact, outcome: 'queued before' });
    const job: OutgoingJob = { ...message, user, claim: claim.name, queuedMs: claim.timeMs };
    await this.#store.ports.jobs.enqueue({ kind: KIND, id: `${user.id}-${claim.name}`, body: encodeOutgoing(job) });
    this.#onFact({ ...fact, outcome: 'queued' });
  }

  /** Hands what is queued to the outbox until `stop()`, which waits for what is under way. */
  run(outbox: Outbox): { stop(): Promise<void> } {
    return this.#store.ports.jobs.run({ [KIND]: this.#handler(outbox) }, outgoingLimits.concurrency);
  }

  /** Hands one queued message to the outbox, unless it is not due or was sent; for who is told of each ({@link Jobs}). */
  async sendQueued(outbox: Outbox, job: Pick<Job, 'kind' | 'id'>): Promise<void> {
    await this.#store.ports.jobs.attempt(job, this.#handler(outbox));
  }

  #handler(outbox: Outbox): JobHandler {
    return (job) => this.#submit(outbox, decodeOutgoing(job.body));
  }

  async #claim(user: User, { deliveryId, messageKey, suppressMs }: Once, { kind, to }: OutgoingMessage) {
    const own = markName('sent', kind, to, deliveryId.toString('hex'));
    if (messageKey === undefined) return this.#putClaim(user.id, own, deliveryId);
    const shared = await this.#putClaim(user.id, markName('sent', kind, to, messageKey.toString('hex')), deliveryId);
    const isOld = this.#store.clock.now() - shared.timeMs > suppressMs;
    return isOld && !shared.deliveryId.equals(deliveryId) ? this.#putClaim(user.id, own, deliveryId) : shared;
  }

  async #putClaim(user: Id, name: Buffer, deliveryId: Buffer) {
    const nowMs = this.#store.clock.now();
    const item = { d: deliveryId, t: nowMs, s: 0, r: 1, x: Math.floor((nowMs + NONCE_KEEP_MS) / 1000) };
    for (let attempt = 0; attempt < CLAIM_TRIES; attempt++) {
      const result = await this.#store.ports.index.put(markKey(user, name), item, 'absent');
      const there = result.ok ? item : result.current;
      if (there?.d instanceof Uint8Array && typeof there.t === 'number') {
        const claim = { deliveryId: Buffer.from(there.d), timeMs: there.t, isSent: there.s === 1 };
        return { ...claim, name: name.toString('hex') };
      }
    }
    throw new StoreError('unavailable', 'a claim came and went');
  }

  async #submit(outbox: Outbox, job: OutgoingJob): Promise<void> {
    const { index } = this.#store.ports;
    const key = markKey(job.user.id, Buffer.from(job.claim, 'hex'));
    const claim = await index.get(key);
    if (claim?.s === 1) return;
    try {
      await outbox.submit({
        id: job.claim,
        sender: job.sender,
        recipients: [job.to],
        message: this.#bytes(job),
        ...(job.dsn && { dsn: job.dsn }),
      });
    } catch (error) {
      return this.#failed(job, error, () => this.#settle(key, claim));
    }
    await this.#settle(key, claim);
    this.#onFact({ kind: job.kind, user: job.user.name, to: job.to, outcome: 'sent' });
  }

  async *#bytes({ head, blob, user }: OutgoingJob): AsyncGenerator<Uint8Array> {
    yield head;
    if (blob === undefined) return;
    const range = { start: blob.start, end: blob.sizeBytes };
    yield* await messageStream(this.#store.context, user.space, blob.id, range);
  }

  /** Notes that it was sent: tried hard, since a job that is run again before that sends again. */
  async #settle(key: ReturnType<typeof markKey>, claim: Item | undefined): Promise<void> {
    let there = claim;
    for (let attempt = 1; there !== undefined && there.s !== 1; attempt++) {
      try {
        const rev = typeof there.r === 'number' ? there.r : 1;
        const result = await this.#store.ports.index.put(key, { ...there, s: 1, r: rev + 1 }, { rev });
        if (result.ok) return;
        there = result.current;
      } catch (error) {
        if (attempt >= CLAIM_TRIES) throw error;
      }
    }
  }

  async #failed(job: OutgoingJob, error: unknown, settle: () => Promise<void>): Promise<void> {
    const { kind, user, to, queuedMs } = job;
    if (!(error instanceof StoreError)) throw error;
    const ageMs = this.#store.clock.now() - queuedMs;
    const fact = { kind, user: user.name, to, why: error.message };
    const { firstRetryMs, retryMs, giveUpMs } = outgoingLimits;
    if (error.code === 'unavailable' && ageMs < giveUpMs) {
      this.#onFact({ ...fact, outcome: 'waits' });
      const delayMs = Math.min(Math.max(firstRetryMs, ageMs / 3), retryMs);
      throw new JobPostponed(delayMs, error.message, { cause: error });
    }
    if (kind === 'redirect') await this.#keep(job);
    if (kind === OUTBOX_KIND) await this.#tellUnsent(job, error.message);
    await settle();
    this.#onFact({ ...fact, outcome: 'given up' });
    throw new JobPostponed('never', error.message, { cause: error });
  }

  /** What cannot be sent on is the user's all the same: into INBOX, once. */
  async #keep({ blob, user, claim }: OutgoingJob): Promise<void> {
    if (blob === undefined) return;
    await this.#intoInbox({ user, claim }, [SIEVE_FAILED], async () => ({
      blob: await copyMessage(this.#store.context, user.space, user.space, blob.id),
      sizeBytes: blob.sizeBytes,
    }));
  }

  /** What a user has sent and nobody gets is not to go unseen. */
  async #tellUnsent({ head, user, claim, sender, to }: OutgoingJob, why: string): Promise<void> {
    const timeMs = this.#store.clock.now();
    const domain = sender.slice(sender.lastIndexOf('@') + 1);
    const offsetMinutes = -new Date(timeMs).getTimezoneOffset();
    const notice = unsentNotice(
      { from: sender, messageId: `${claim.slice(0, 32)}@${domain}`, timeMs, offsetMinutes },
      { to, subject: decodeWords(firstValue(head, 'subject') ?? ''), why },
    );
    await this.#intoInbox({ user, claim }, [], () => storeMessage(this.#store.context, [user.space], notice));
  }

  async #intoInbox(
    { user, claim }: Pick<OutgoingJob, 'user' | 'claim'>,
    keywords: readonly string[],
    put: () => Promise<{ readonly blob: Id; readonly sizeBytes: number }>,
  ): Promise<void> {
    const { view } = await this.#store.tree(user.tree).refresh();
    const inbox = view.binding(INBOX)?.mailbox;
    if (inbox === undefined) return;
    const { blob, sizeBytes } = await put();
    const outcome = await deliverOnce(this.#store, inbox, {
      deliveryId: Buffer.from(claim.padEnd(64, '0'), 'hex'),
      messageKey: undefined,
      suppressMs: 0,
      message: {
        blob,
        sizeBytes,
        internalDate: Math.floor(this.#store.clock.now() / 1000),
        flags: { system: 0, keywords },
      },
    });
    if (outcome === 'delivered') this.#store.quota.add(view.quotaRootOf(INBOX)?.root, user.space, sizeBytes, 1);
  }
}
