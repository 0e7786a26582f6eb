import { createHash, randomBytes } from 'node:crypto';
import { allValues } from '../message/header.ts';
import type { OpenMailbox } from '../store/account.ts';
import { Account } from '../store/account.ts';
import { countAppended } from '../store/append.ts';
import { deliverOnce } from '../store/claims.ts';
import { Directory, type User } from '../store/directory.ts';
import { StoreError, type StoreErrorCode } from '../store/errors.ts';
import type { MailStore } from '../store/mail-store.ts';
import { type StoredMessage, storeMessage } from '../store/messages.ts';
import { isOverQuota } from '../store/quota.ts';
import { rightsOf } from '../store/rights.ts';
import { INBOX } from '../store/tree-view.ts';
import { parseRecipient } from './address.ts';
import type { Delivered, Delivery, Recipient, Refusal, RefusalCode, Transaction } from './ports.ts';

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
  /** Told of what a refusal does not say. */
  readonly onError?: (what: string, error: unknown) => void;
}

const SUPPRESS_MS = 3 * 86_400_000;
/** Object metadata (Rule 21): at most this many characters of recipients. */
const METADATA_CHARACTERS = 1000;

interface KnownRecipient extends Recipient {
  readonly user: User;
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

/** Delivery into a mail store (design.md §3): the message is stored once, then committed per recipient, exactly once. */
export class StoreDelivery implements Delivery {
  readonly #store: MailStore;
  readonly #directory: Directory;
  readonly #options: DeliveryOptions;

  constructor(store: MailStore, options: DeliveryOptions = {}) {
    this.#store = store;
    this.#directory = new Directory(store.ports.index);
    this.#options = options;
  }

  async recipient(address: string, sizeBytes?: number): Promise<Recipient | Refusal> {
    try {
      const max = this.#options.maxMessageBytes ?? 0;
      if (max > 0 && sizeBytes !== undefined && sizeBytes > max) return refusal('too-big', `at most ${max} bytes`);
      const parsed = parseRecipient(address);
      if (parsed === undefined) return refusal('bad-address', 'not a mail address');
      const user = await this.#find(parsed.local, parsed.domain);
      if (user === undefined) return refusal('unknown-user', 'Mailbox does not exist');
      const { view } = await this.#store.tree(user.tree).refresh();
      const root = view.quotaRootOf(INBOX)?.root;
      if (root !== undefined && isOverQuota(root, await this.#store.quota.usage(root))) {
        return refusal('over-quota', 'Over quota');
      }
      const known: KnownRecipient = { ok: true, address, user, detail: parsed.detail };
      return known;
    } catch (error) {
      return this.#refused(`RCPT ${address}`, error);
    }
  }

  async #find(local: string, domain: string | undefined): Promise<User | undefined> {
    const { defaultDomain, lowerCase } = this.#options;
    const name = lowerCase === false ? local : local.toLowerCase();
    const names = domain === undefined ? [name] : [`${name}@${domain}`];
    if (domain === undefined && defaultDomain !== undefined) names.push(`${name}@${defaultDomain}`);
    // Without virtual domains the domain says only that the mail has come to the right place.
    if (domain !== undefined && (defaultDomain === undefined || domain === defaultDomain)) names.push(name);
    for (const candidate of names) {
      const user = await this.#directory.find(candidate);
      if (user !== undefined) return user;
    }
    return undefined;
  }

  async deliver(transaction: Transaction): Promise<readonly Delivered[]> {
    const recipients = transaction.recipients.filter(isKnown);
    const hash = createHash('sha256');
    let stored: StoredMessage;
    try {
      const spaces = recipients.map(({ user }) => user.space);
      const body = withTrace(transaction, (chunk) => hash.update(chunk));
      stored = await storeMessage(this.#store.context, spaces, body, metadataOf(transaction));
    } catch (error) {
      const refused = this.#refused('storing a message', error);
      return transaction.recipients.map(() => refused);
    }
    const digest = hash.digest();
    return Promise.all(
      transaction.recipients.map((recipient) =>
        isKnown(recipient)
          ? this.#deliverTo(recipient, transaction, stored, digest)
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
      const open = await this.#target(recipient);
      const { messageId, date } = stored.summary.envelope;
      const suppress = this.#options.suppressDuplicates !== false && messageId !== undefined;
      const outcome = await deliverOnce(this.#store.context, open.mailbox, {
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
      if (outcome === 'delivered') countAppended(open, [stored]);
      return { ok: true };
    } catch (error) {
      return this.#refused(`delivery to ${recipient.address}`, error);
    }
  }

  /** The mailbox that the plus address names, where anyone may post to it (RFC 4314 p); else INBOX. */
  async #target({ user, detail }: KnownRecipient): Promise<OpenMailbox> {
    const account = new Account(this.#store, user);
    if (detail !== undefined) {
      const { view } = await account.tree.refresh();
      const acl = view.binding(detail)?.acl;
      if (acl !== undefined && rightsOf(acl, { identifier: 'anonymous', groups: [] }).includes('p')) {
        return account.open(detail, 'p');
      }
    }
    return account.open(INBOX, 'p');
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
  return 'user' in recipient;
}

function refusal(code: RefusalCode, text: string): Refusal {
  return { ok: false, code, text };
}

/** The trace lines, then the message; `observe` sees the message as it was received. */
async function* withTrace(
  { trace, body }: Transaction,
  observe: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(trace, 'utf8');
  for await (const chunk of body) {
    observe(chunk);
    yield chunk;
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

/** Known at the first byte, so that the index can be rebuilt from the objects alone (Rule 21). */
function metadataOf({ sender, recipients }: Transaction): Record<string, string> {
  const addresses = recipients.map(({ address }) => address).join(',');
  return {
    sender: sender.slice(0, METADATA_CHARACTERS / 4),
    recipients: addresses.slice(0, METADATA_CHARACTERS),
  };
}
