import { asBuffer } from '../base/bytes.ts';
import { type Id, newId } from '../base/ids.ts';
import { firstValue } from '../message/header.ts';
import type { OpenMailbox } from '../store/account.ts';
import { StoreError } from '../store/errors.ts';
import type { MailStore } from '../store/mail-store.ts';
import { type StoredMessage, storedMessage } from '../store/messages.ts';
import type { UidSet } from '../store/uid-set.ts';
import { recipientsOf, submittedHeader } from './compose/submission.ts';
import { OUTBOX_KIND, type Outgoing } from './outgoing.ts';
import { sha256 } from './received.ts';
import { NO_RELAY } from './send.ts';

export const outboxLimits = {
  /** Addresses of one message. */
  recipients: 100,
  /** Messages of one command, where more than one may be sent (`outbox_multiple_send`). */
  messages: 100,
  /** Bytes of a header: it waits in a job. */
  headerBytes: 64 * 1024,
  /** The same message goes to an address once in so long, so that a client that got no answer may try again. */
  onceMs: 3_600_000,
} as const;

export interface OutboxOptions {
  /** Path of the mailbox in the account of each user (`outbox`). */
  readonly path: string;
  /** Whether one command may send several messages (`outbox_multiple_send`). */
  readonly isMultiple: boolean;
  /** Field that says who has logged in (`headerfrom`); '' for none. */
  readonly headerFrom: string;
  readonly servername: string;
  /** Of users that have none. */
  readonly domain: string;
}

/** A message that is to be put into a mailbox. */
export interface Arriving {
  readonly space: Id;
  readonly blob: Id;
  readonly sizeBytes: number;
}

/** The mailbox of each user that sends what is put into it, as Courier's Outbox does. */
export class OutboxFolder {
  readonly #store: MailStore;
  readonly #outgoing: Outgoing | undefined;
  readonly #options: OutboxOptions;

  constructor(store: MailStore, outgoing: Outgoing | undefined, options: OutboxOptions) {
    this.#store = store;
    this.#outgoing = outgoing;
    this.#options = options;
  }

  get path(): string {
    return this.#options.path;
  }

  /** Whether it is the user's own; what others put there is not sent. */
  isOutbox({ isOwner, path }: OpenMailbox): boolean {
    return isOwner && path === this.#options.path;
  }

  /** Refuses, before anything is stored, what could not be sent whole: `cannot`, `too-many`, `too-big`. */
  async requireSendable(count: number, messages: () => Promise<readonly Arriving[]>): Promise<void> {
    if (this.#outgoing === undefined) throw new StoreError('cannot', `Nothing can be sent: ${NO_RELAY}`);
    const { isMultiple, domain } = this.#options;
    const most = isMultiple ? outboxLimits.messages : 1;
    if (count > most) throw new StoreError('too-many', `At most ${most} message(s) at a time are sent from here`);
    for (const { space, blob, sizeBytes } of await messages()) {
      const { header, summary } = await storedMessage(this.#store.context, space, blob, sizeBytes);
      if (summary.headerBytes > outboxLimits.headerBytes) {
        throw new StoreError('too-big', `The header has more than ${outboxLimits.headerBytes} bytes: it is not sent`);
      }
      const { length } = recipientsOf(header, domain);
      if (length === 0) throw new StoreError('cannot', 'To, Cc and Bcc hold no address: it is not sent');
      if (length > outboxLimits.recipients) {
        throw new StoreError('too-many', `A message is sent to at most ${outboxLimits.recipients} addresses`);
      }
    }
  }

  /** Sends what has come; durable when it resolves. `unavailable`: the client may try again, nothing is sent twice. */
  async send(open: OpenMailbox, uids: UidSet): Promise<void> {
    const { view } = await open.mailbox.refresh();
    for (const [uid, { blob, sizeBytes }] of await open.mailbox.cold(view, view.present(uids))) {
      await this.#submit(open, uid, await storedMessage(this.#store.context, open.space, blob, sizeBytes));
    }
  }

  async #submit(open: OpenMailbox, uid: number, { header, summary, blob, sizeBytes }: StoredMessage): Promise<void> {
    const { domain, servername, headerFrom } = this.#options;
    const { user } = open.account;
    const from = user.name.includes('@') ? user.name : `${user.name}@${domain}`;
    const timeMs = this.#store.clock.now();
    const head = submittedHeader(header, {
      from,
      domain,
      sender: headerFrom === '' ? undefined : { field: headerFrom, user: user.name },
      messageId: `${newId(timeMs)}@${servername}`,
      timeMs,
      offsetMinutes: -new Date(timeMs).getTimezoneOffset(),
    });
    const messageId = firstValue(header, 'message-id');
    const once = {
      deliveryId: sha256(OUTBOX_KIND, open.mailbox.id, String(open.uidValidity), String(uid)),
      messageKey: messageId === undefined ? undefined : sha256(OUTBOX_KIND, asBuffer(header), String(sizeBytes)),
      suppressMs: outboxLimits.onceMs,
    };
    for (const to of recipientsOf(header, domain)) {
      const rest = { id: blob, start: summary.headerBytes, sizeBytes };
      await this.#outgoing?.send(user, once, { kind: OUTBOX_KIND, sender: from, to, head, blob: rest });
    }
  }
}
