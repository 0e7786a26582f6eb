import type { RejectAction } from '../sieve/actions.ts';
import type { AccountOptions } from '../store/account.ts';
import type { DeliveryOutcome } from '../store/claims.ts';
import { StoreError } from '../store/errors.ts';
import type { MailStore } from '../store/mail-store.ts';
import type { StoredMessage } from '../store/messages.ts';
import { isOverQuota } from '../store/quota.ts';
import { userNames } from '../store/user-names.ts';
import { parseRecipient, type RecipientAddress, readings } from './address.ts';
import type { Autocreate } from './autocreate.ts';
import { type Incoming, remember, type Stored, storeCopies } from './carry-out.ts';
import { type ReceivedMessage, takeIn, takenInBefore } from './intake.ts';
import { LOGGED_CHARACTERS, type NewMail, newMail } from './new-mail.ts';
import type { Outgoing } from './outgoing.ts';
import { Places } from './places.ts';
import type {
  Delivered,
  Delivery,
  Recipient,
  RecipientOptions,
  RecipientReports,
  Refusal,
  StoredMail,
  Transaction,
} from './ports.ts';
import { BodyBroke, deliveryId, type EightBitPolicy, NotAscii, sha256 } from './received.ts';
import { type RecipientState, Recipients } from './recipients.ts';
import { refusal, refusalOf } from './refusals.ts';
import { Responder, type ResponseOptions } from './respond.ts';
import { feasible } from './send.ts';
import { findSharedMailbox, sharedFolderOf } from './shared-mailbox.ts';
import { failed, type SieveOptions, SieveRunner } from './sieve.ts';

/** What whoever looks for a message wants to know. */
export interface DeliveryFact {
  readonly recipient: string;
  readonly user: string;
  readonly mailbox: string;
  readonly messageId: string | undefined;
  /** `discarded`: a script has stored it nowhere. `before`: it is there already, by an earlier try or a copy with the same Message-ID. */
  readonly outcome: DeliveryOutcome | 'discarded';
}

/** A script that did not come to its end; the message is kept. */
export interface ScriptFailure {
  readonly recipient: string;
  readonly user: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface DeliveryOptions {
  /** How recipients see the store: what their scripts and addresses call mailboxes. */
  readonly accounts?: AccountOptions;
  /** For recipients without a domain, and the domain whose users may be named without one. */
  readonly defaultDomain?: string | undefined;
  /** Who stands before the `+` of shared mailboxes' addresses (`postuser`); '': nobody. */
  readonly postUser?: string;
  /** Whether `Anna@` is `anna@`. */
  readonly lowerCase?: boolean;
  /** Bytes; 0: no limit. */
  readonly maxMessageBytes?: number;
  /** Whether a second copy with the same Message-ID and Date is dropped. */
  readonly suppressDuplicates?: boolean;
  readonly suppressMs?: number;
  /** Told of every recipient that was answered with success, for the log. */
  readonly onDelivered?: (fact: DeliveryFact) => void;
  readonly onScriptFailed?: (failure: ScriptFailure) => void;
  /** What becomes of a header with bytes beyond ASCII (`reject8bit`, `munge8bit`). */
  readonly eightBitHeader?: EightBitPolicy;
  readonly sieve?: SieveOptions;
  /** Who gives mailboxes to a user that has none when mail comes (`autocreate_post`). */
  readonly autocreate?: Autocreate;
  /** Where outgoing mail waits; without it redirects are kept, and the rest is not sent. */
  readonly outgoing?: Outgoing;
  /** How answers and notifications are written, and who is told of what is not sent. */
  readonly responses?: ResponseOptions;
  /** Told of every message that was put into a mailbox, as people see it (`mailnotifier`). */
  readonly onNewMail?: (mail: NewMail) => void;
  /** Told of what a refusal does not say. */
  readonly onError?: (what: string, error: unknown) => void;
}

const SUPPRESS_MS = 3 * 86_400_000;

interface KnownRecipient extends Recipient {
  readonly state: RecipientState;
  /** Mailbox below the user, by plus address. */
  readonly detail: string | undefined;
  readonly poster: string | undefined;
  readonly reports: RecipientReports | undefined;
}

/** Delivery into a mail store: the message is stored once, then committed per recipient, exactly once. */
export class StoreDelivery implements Delivery {
  readonly #store: MailStore;
  readonly #recipients: Recipients;
  readonly #options: DeliveryOptions;
  readonly #sieve: SieveRunner;
  readonly #responder: Responder;

  constructor(store: MailStore, options: DeliveryOptions = {}) {
    this.#store = store;
    this.#recipients = new Recipients(store, options.autocreate);
    this.#options = options;
    this.#sieve = new SieveRunner(store, options.sieve);
    this.#responder = new Responder(store, options.outgoing, options.responses);
  }

  async recipient(
    address: string,
    sizeBytes?: number,
    { ignoreQuota = false, poster, reports }: RecipientOptions = {},
  ): Promise<Recipient | Refusal> {
    try {
      const max = this.#options.maxMessageBytes ?? 0;
      if (max > 0 && sizeBytes !== undefined && sizeBytes > max) return refusal('too-big', `at most ${max} bytes`);
      const parsed = parseRecipient(address);
      if (parsed === undefined) return refusal('bad-address', 'not a mail address');
      const found = (await this.#findShared(parsed, poster)) ?? (await this.#find(parsed, poster));
      if (found === 'no-permission') return refusal('no-permission', 'Permission denied');
      if (found === undefined) return refusal('unknown-user', 'Mailbox does not exist');
      const { state, detail } = found;
      if (!ignoreQuota && state.quotaRoot !== undefined && isOverQuota(state.quotaRoot, state.usage)) {
        return refusal('over-quota', 'Over quota');
      }
      const known: KnownRecipient = { ok: true, address, state, detail, poster, reports };
      return known;
    } catch (error) {
      return this.#refused(`RCPT ${address}`, error);
    }
  }

  /** The user of an address and the mailbox below; older ways to name that one count only where it takes the mail. */
  async #find(
    parsed: RecipientAddress,
    poster: string | undefined,
  ): Promise<{ readonly state: RecipientState; readonly detail: string | undefined } | undefined> {
    for (const { isFallback, ...address } of readings(parsed)) {
      const names = this.#names(address);
      const state = names.length === 0 ? undefined : await this.#recipients.find(names);
      if (state === undefined) continue;
      const { detail = '' } = address;
      if (
        isFallback &&
        (await new Places(this.#store, state, this.#options.accounts).ofDetail(detail, poster)) === undefined
      )
        continue;
      return { state, detail: address.detail };
    }
    return undefined;
  }

  /** The shared mailbox of an address, where it has the form of such. */
  async #findShared(parsed: RecipientAddress, poster: string | undefined) {
    const { postUser = '', lowerCase = true, defaultDomain } = this.#options;
    const folder = sharedFolderOf(parsed, postUser, lowerCase);
    if (folder === undefined) return undefined;
    const state = await findSharedMailbox(this.#store, { folder, domain: parsed.domain, defaultDomain, poster });
    return typeof state === 'object' ? { state, detail: undefined } : state;
  }

  /** User names that the address may mean, the likeliest first. */
  #names({ local, domain }: RecipientAddress): readonly string[] {
    const { defaultDomain, lowerCase } = this.#options;
    return userNames({ local: lowerCase === false ? local : local.toLowerCase(), domain }, defaultDomain);
  }

  async deliver(transaction: Transaction): Promise<readonly Delivered[]> {
    const received = await this.#receive(transaction);
    if ('ok' in received) return transaction.recipients.map(() => received);
    const delivered = await Promise.all(
      transaction.recipients.map((recipient) => {
        if (!isKnown(recipient)) return refusal('unknown-user', 'Mailbox does not exist');
        const id = deliveryId(recipient, transaction, received.stored, received.digest);
        return this.#deliverSafely(recipient, transaction.sender, id, received);
      }),
    );
    // Who was refused did not wait for it. Its failure was told to all who did.
    await Promise.allSettled([received.written]);
    return delivered;
  }

  /** Stores the message and leaves the rest to whoever calls {@link deliverStored} with what this answers. */
  async store(transaction: Transaction): Promise<StoredMail | Refusal> {
    const received = await this.#receive(transaction);
    if ('ok' in received) return received;
    const { stored, written, digest } = received;
    try {
      await written;
    } catch (error) {
      return this.#refused('storing a message', error);
    }
    const recipients = transaction.recipients.filter(isKnown).map((recipient) => ({
      address: recipient.address,
      space: recipient.state.user.space,
      deliveryId: deliveryId(recipient, transaction, stored, digest).toString('hex'),
      poster: recipient.poster,
      reports: recipient.reports,
    }));
    const { sender, client, reports } = transaction;
    return { sender, blob: stored.blob, sizeBytes: stored.sizeBytes, recipients, client, reports };
  }

  /** Commits a stored message per recipient, as {@link deliver} does; one answer per recipient, in order. */
  async deliverStored(mail: StoredMail): Promise<readonly Delivered[]> {
    let message: Promise<ReceivedMessage> | undefined;
    return Promise.all(
      mail.recipients.map(async ({ address, space, deliveryId, poster, reports }) => {
        try {
          const found = await this.recipient(address, undefined, { ignoreQuota: true, poster, reports });
          if (!found.ok) return found;
          // Made anew since the message was stored: a mailbox of another space has no right to the blob (Rule 12).
          if (!isKnown(found) || found.state.user.space !== space)
            throw new StoreError('gone', `${address} was made anew`);
          message ??= takenInBefore(this.#store.context, mail);
          return await this.#deliverSafely(found, mail.sender, Buffer.from(deliveryId, 'hex'), await message);
        } catch (error) {
          return this.#refused(`delivery to ${address}`, error);
        }
      }),
    );
  }

  /** Takes the message in, once for all recipients. */
  async #receive(transaction: Transaction): Promise<(ReceivedMessage & { readonly digest: Buffer }) | Refusal> {
    const spaces = transaction.recipients.filter(isKnown).map(({ state }) => state.user.space);
    try {
      return await takeIn(this.#store.context, transaction, spaces, this.#options.eightBitHeader ?? 'keep');
    } catch (error) {
      if (error instanceof NotAscii) return refusal('not-ascii', error.message);
      // Whoever gave the body knows why it broke off, a client that hung up most often: nothing is wrong with us.
      if (error instanceof BodyBroke) return refusal('unavailable', 'The message did not arrive whole');
      return this.#refused('storing a message', error);
    }
  }

  async #deliverSafely(
    recipient: KnownRecipient,
    sender: string,
    deliveryId: Buffer,
    message: ReceivedMessage,
  ): Promise<Delivered> {
    try {
      return await this.#deliverTo(recipient, sender, deliveryId, message);
    } catch (error) {
      return this.#refused(`delivery to ${recipient.address}`, error);
    }
  }

  async #deliverTo(
    recipient: KnownRecipient,
    sender: string,
    deliveryId: Buffer,
    message: ReceivedMessage,
  ): Promise<Delivered> {
    const incoming = {
      state: recipient.state,
      address: recipient.address,
      sender,
      reports: { ...message.reports, ...recipient.reports },
      stored: message.stored,
      written: message.written,
      deliveryId,
      messageKey: this.#messageKey(message.stored),
      suppressMs: this.#options.suppressMs ?? SUPPRESS_MS,
    };
    try {
      return await this.#deliver(incoming, recipient, message);
    } catch (error) {
      if (!(error instanceof StoreError && error.code === 'gone')) throw error;
      // A mailbox was deleted or renamed since RCPT: what is done again is done once (Rule 13).
      const state = await this.#recipients.find([recipient.state.user.name], true);
      if (state === undefined) return refusal('unknown-user', 'Mailbox does not exist');
      return await this.#deliver({ ...incoming, state }, { detail: undefined }, message);
    }
  }

  async #deliver(
    incoming: Incoming,
    { detail, poster }: Pick<KnownRecipient, 'detail'> & Partial<KnownRecipient>,
    message: ReceivedMessage,
  ): Promise<Delivered> {
    const { state, address, sender, stored } = incoming;
    const places = new Places(this.#store, state, this.#options.accounts);
    const keep = (detail === undefined ? undefined : await places.ofDetail(detail, poster)) ?? places.inbox;
    const decision = await this.#sieve.decide(state, places, keep, {
      summary: stored.summary,
      header: stored.header,
      sizeBytes: stored.sizeBytes,
      sender,
      recipient: address,
      deliveryId: incoming.deliveryId,
      content: message.content,
      client: message.client,
      reports: incoming.reports,
    });
    const { failure, refusal: rejected } = decision;
    if (failure !== undefined)
      this.#options.onScriptFailed?.({ recipient: address, user: state.user.name, ...failure });
    const rejection = rejected && (await this.#reject(rejected, incoming, message));
    if (rejection !== undefined) return rejection;
    // Who cannot be told that it is refused has sent it in vain unless it is kept.
    const wanted = rejected === undefined ? decision : failed(places);
    const can = feasible(wanted, incoming, places, this.#options.outgoing !== undefined);
    for (const { action, why } of can.unsent) this.#responder.tell(incoming, action, why);
    const done = await storeCopies(this.#store, incoming, can.decision.stores);
    await incoming.written;
    for (const action of can.decision.sends) await this.#responder.send(action, incoming, places);
    await this.#responder.report(incoming, can.decision);
    await remember(this.#store, incoming, can.decision);
    this.#tell(incoming, done);
    return { ok: true };
  }

  /**
   * Refuses in the dialogue, or by a message where the reason has no letters there or nobody waits; undefined: by neither. The
   * null reverse-path is not answered: what it sends is thrown away.
   */
  async #reject(
    action: RejectAction,
    incoming: Incoming,
    { isAlone }: ReceivedMessage,
  ): Promise<Delivered | undefined> {
    const isTold = (isAlone || mayAnswer(action)) && (await this.#responder.reject(action, incoming));
    if (isTold || (isAlone && incoming.sender === '')) return { ok: true };
    return isAlone ? undefined : refusal('rejected', action.reason);
  }

  #tell({ address, state, stored }: Incoming, done: readonly Stored[]): void {
    const fact = {
      recipient: address,
      user: state.user.name,
      messageId: stored.summary.envelope.messageId?.slice(0, LOGGED_CHARACTERS),
    };
    for (const one of done) {
      this.#options.onDelivered?.({ ...fact, ...one });
      if (one.outcome === 'delivered') this.#options.onNewMail?.(newMail(state.user.name, one.mailbox, stored.header));
    }
    if (done.length === 0) this.#options.onDelivered?.({ ...fact, mailbox: '', outcome: 'discarded' });
  }

  /** What every copy of the message shares, where copies are suppressed. */
  #messageKey({ summary }: StoredMessage): Buffer | undefined {
    const { messageId, date } = summary.envelope;
    const suppress = this.#options.suppressDuplicates !== false && messageId !== undefined;
    return suppress ? sha256(messageId, date ?? '') : undefined;
  }

  #refused(what: string, error: unknown): Refusal {
    const known = refusalOf(error);
    if (known !== undefined) return known;
    this.#options.onError?.(what, error);
    return refusal('unavailable', 'Temporary failure, try again later');
  }
}

/**
 * RFC 5429 §2.1, §2.2: `ereject` never answers by a message; `reject` does only with a reason that LMTP has no letters for.
 */
function mayAnswer({ early, reason }: RejectAction): boolean {
  return !early && /[^\r\n\t\x20-\x7e]/.test(reason);
}

function isKnown(recipient: Recipient): recipient is KnownRecipient {
  return 'state' in recipient;
}
