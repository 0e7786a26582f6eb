import { createHash, randomBytes } from 'node:crypto';
import type { Id } from '../base/ids.ts';
import { allValues } from '../message/header.ts';
import { deliveredOrigin } from '../store/blob-origin.ts';
import { type DeliveryOutcome, deliverOnce } from '../store/claims.ts';
import { StoreError, type StoreErrorCode } from '../store/errors.ts';
import type { MailStore } from '../store/mail-store.ts';
import { type StoredMessage, storeMessage } from '../store/messages.ts';
import { isOverQuota } from '../store/quota.ts';
import { rightsOf } from '../store/rights.ts';
import { INBOX } from '../store/tree-view.ts';
import { userNames } from '../store/user-names.ts';
import { parseRecipient, type RecipientAddress } from './address.ts';
import type { Delivered, Delivery, Recipient, Refusal, RefusalCode, Transaction } from './ports.ts';
import { type RecipientState, Recipients } from './recipients.ts';

/** What whoever looks for a message wants to know. */
export interface DeliveryFact {
  readonly recipient: string;
  readonly user: string;
  readonly mailbox: string;
  readonly messageId: string | undefined;
  /** `before`: it is there already, by an earlier try or a copy with the same Message-ID. */
  readonly outcome: DeliveryOutcome;
}

export interface DeliveryOptions {
  /** For recipients without a domain, and the domain whose users may be named without one. */
  readonly defaultDomain?: string | undefined;
  /** Whether `Anna@` is `anna@`. */
  readonly lowerCase?: boolean;
  /** Bytes; 0: no limit. */
  readonly maxMessageBytes?: number;
  /** Whether a second copy with the same Message-ID and Date is dropped. */
  readonly suppressDuplicates?: boolean;
  readonly suppressMs?: number;
  /** Told of every recipient that was answered with success, for the log. */
  readonly onDelivered?: (fact: DeliveryFact) => void;
  /** Told of what a refusal does not say. */
  readonly onError?: (what: string, error: unknown) => void;
}

const SUPPRESS_MS = 3 * 86_400_000;
/** Of a Message-ID in the log: whoever sends the message decides how long it is. */
const LOGGED_CHARACTERS = 250;

interface KnownRecipient extends Recipient {
  readonly state: RecipientState;
  /** Mailbox below the user, by plus address. */
  readonly detail: string | undefined;
}

/** What a refused commit is to the sender. */
const REFUSALS = {
  nonexistent: 'unavailable',
  'already-exists': 'unavailable',
  cannot: 'unavailable',
  'no-permission': 'no-permission',
  'over-quota': 'over-quota',
  'too-many': 'too-many',
  'too-big': 'too-big',
  'in-use': 'unavailable',
  'has-children': 'unavailable',
  gone: 'unavailable',
  expunged: 'unavailable',
  unavailable: 'unavailable',
  format: 'unavailable',
} satisfies Record<StoreErrorCode, RefusalCode>;

/** Delivery into a mail store: the message is stored once, then committed per recipient, exactly once. */
export class StoreDelivery implements Delivery {
  readonly #store: MailStore;
  readonly #recipients: Recipients;
  readonly #options: DeliveryOptions;

  constructor(store: MailStore, options: DeliveryOptions = {}) {
    this.#store = store;
    this.#recipients = new Recipients(store);
    this.#options = options;
  }

  async recipient(address: string, sizeBytes?: number): Promise<Recipient | Refusal> {
    try {
      const max = this.#options.maxMessageBytes ?? 0;
      if (max > 0 && sizeBytes !== undefined && sizeBytes > max) return refusal('too-big', `at most ${max} bytes`);
      const parsed = parseRecipient(address);
      if (parsed === undefined) return refusal('bad-address', 'not a mail address');
      const names = this.#names(parsed);
      const state = names.length === 0 ? undefined : await this.#recipients.find(names);
      if (state === undefined) return refusal('unknown-user', 'Mailbox does not exist');
      if (state.quotaRoot !== undefined && isOverQuota(state.quotaRoot, state.usage)) {
        return refusal('over-quota', 'Over quota');
      }
      const known: KnownRecipient = { ok: true, address, state, detail: parsed.detail };
      return known;
    } catch (error) {
      return this.#refused(`RCPT ${address}`, error);
    }
  }

  /** User names that the address may mean, the likeliest first. */
  #names({ local, domain }: RecipientAddress): readonly string[] {
    const { defaultDomain, lowerCase } = this.#options;
    return userNames({ local: lowerCase === false ? local : local.toLowerCase(), domain }, defaultDomain);
  }

  async deliver(transaction: Transaction): Promise<readonly Delivered[]> {
    const recipients = transaction.recipients.filter(isKnown);
    const hash = createHash('sha256');
    let stored: StoredMessage;
    try {
      const spaces = recipients.map(({ state }) => state.user.space);
      const body = withTrace(transaction, (chunk) => hash.update(chunk));
      const addresses = transaction.recipients.map(({ address }) => address);
      stored = await storeMessage(this.#store.context, spaces, body, deliveredOrigin(transaction.sender, addresses));
    } catch (error) {
      // Whoever gave the body knows why it broke off, a client that hung up most often: nothing is wrong with us.
      const refused =
        error instanceof BodyBroke
          ? refusal('unavailable', 'The message did not arrive whole')
          : this.#refused('storing a message', error);
      return transaction.recipients.map(() => refused);
    }
    const digest = hash.digest();
    return Promise.all(
      transaction.recipients.map((recipient) =>
        isKnown(recipient)
          ? this.#deliverTo(recipient, transaction, stored, digest).catch((error: unknown) =>
              this.#refused(`delivery to ${recipient.address}`, error),
            )
          : refusal('unknown-user', 'Mailbox does not exist'),
      ),
    );
  }

  async #deliverTo(
    recipient: KnownRecipient,
    transaction: Transaction,
    stored: StoredMessage,
    digest: Buffer,
  ): Promise<Delivered> {
    try {
      return await this.#commitTo(recipient, transaction, stored, digest);
    } catch (error) {
      if (!(error instanceof StoreError && error.code === 'gone')) throw error;
      // The mailbox was deleted or renamed since RCPT: the user's INBOX may be another one now.
      const state = await this.#recipients.find([recipient.state.user.name], true);
      if (state === undefined) return refusal('unknown-user', 'Mailbox does not exist');
      return await this.#commitTo({ ...recipient, state, detail: undefined }, transaction, stored, digest);
    }
  }

  async #commitTo(
    recipient: KnownRecipient,
    transaction: Transaction,
    stored: StoredMessage,
    digest: Buffer,
  ): Promise<Delivered> {
    const target = await this.#target(recipient);
    const { messageId, date } = stored.summary.envelope;
    const suppress = this.#options.suppressDuplicates !== false && messageId !== undefined;
    const outcome = await deliverOnce(this.#store, target, {
      deliveryId: deliveryId(recipient, transaction, stored, digest),
      messageKey: suppress ? sha256(messageId, date ?? '') : undefined,
      suppressMs: this.#options.suppressMs ?? SUPPRESS_MS,
      message: {
        blob: stored.blob,
        sizeBytes: stored.sizeBytes,
        internalDate: Math.floor(this.#store.clock.now() / 1000),
        flags: { system: 0, keywords: [] },
      },
    });
    const { quotaRoot, user } = recipient.state;
    if (outcome === 'delivered') this.#store.quota.add(quotaRoot, user.space, stored.sizeBytes, 1);
    const mailbox = target === recipient.state.inbox ? INBOX : (recipient.detail ?? INBOX);
    this.#options.onDelivered?.({
      recipient: recipient.address,
      user: user.name,
      mailbox,
      messageId: messageId?.slice(0, LOGGED_CHARACTERS),
      outcome,
    });
    return { ok: true };
  }

  /** The mailbox that the plus address names, where anyone may post to it (RFC 4314 p); else INBOX. */
  async #target({ state, detail }: KnownRecipient): Promise<Id> {
    if (detail === undefined) return state.inbox;
    const view = await this.#store.tree(state.user.tree).offer(state.treeHead);
    const binding = view.binding(detail);
    const mayPost =
      binding !== undefined && rightsOf(binding.acl, { identifier: 'anonymous', groups: [] }).includes('p');
    return mayPost ? binding.mailbox : state.inbox;
  }

  #refused(what: string, error: unknown): Refusal {
    if (error instanceof StoreError && REFUSALS[error.code] !== 'unavailable') {
      return refusal(REFUSALS[error.code], error.message);
    }
    this.#options.onError?.(what, error);
    return refusal('unavailable', 'Temporary failure, try again later');
  }
}

function isKnown(recipient: Recipient): recipient is KnownRecipient {
  return 'state' in recipient;
}

function refusal(code: RefusalCode, text: string): Refusal {
  return { ok: false, code, text };
}

/** The body threw before its end. */
class BodyBroke extends Error {}

/** The trace lines, then the message; `observe` sees the message as it was received. */
async function* withTrace(
  { trace, body }: Transaction,
  observe: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(trace, 'utf8');
  try {
    for await (const chunk of body) {
      observe(chunk);
      yield chunk;
    }
  } catch (cause) {
    throw new BodyBroke('the body broke off', { cause });
  }
}

/** Rule 13: a retry repeats the bytes when an MTA has stamped them; a message without a stamp is always a new one. */
function deliveryId(
  { address }: KnownRecipient,
  { sender, trace }: Transaction,
  { header }: StoredMessage,
  digest: Buffer,
): Buffer {
  const own = trace.match(/^received:/gim)?.length ?? 0;
  if (allValues(header, 'received').length <= own) return randomBytes(32);
  return sha256(sender, address, digest);
}

function sha256(...parts: readonly (string | Buffer)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest();
}
