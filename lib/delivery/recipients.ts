import type { Id } from '../base/ids.ts';

import { decodeUser, directoryKeyOf, type User } from '../store/directory.ts';
import { decodeHead, type Head } from '../store/head.ts';
import { headKey, quotaKey } from '../store/keys.ts';
import type { MailStore } from '../store/mail-store.ts';
import type { Key } from '../store/ports.ts';
import type { Usage } from '../store/quota.ts';
import { decodeTreeExtra, type QuotaRoot } from '../store/tree-view.ts';
import type { Autocreate } from './autocreate.ts';

/** What a delivery needs to know of a user, read at one time. */
export interface RecipientState {
  readonly user: User;
  readonly treeHead: Head;
  readonly inbox: Id;
  /** Of a shared mailbox that takes mail, as its account names it; undefined: it is INBOX. */
  readonly path?: string;
  readonly quotaRoot: QuotaRoot | undefined;
  readonly usage: Usage;
}

/** What was true of a user a little while ago: it tells what to read in one request, which confirms it. */
interface Remembered {
  readonly name: string;
  readonly user: User;
  readonly inbox: Id;
  readonly quotaRoot: QuotaRoot | undefined;
  readonly untilMs: number;
}

const REMEMBER_MS = 60_000;
const MAX_REMEMBERED = 10_000;

/** Finds recipients: one batch of reads when the user was seen or confirmed in the last minute, three requests otherwise. */
export class Recipients {
  readonly #store: MailStore;
  readonly #autocreate: Autocreate | undefined;
  readonly #remembered = new Map<string, Remembered>();

  constructor(store: MailStore, autocreate?: Autocreate) {
    this.#store = store;
    this.#autocreate = autocreate;
  }

  /** The first of the names that is a user's, with the state of the account; `afresh`: whatever was remembered. */
  async find(names: readonly string[], afresh = false): Promise<RecipientState | undefined> {
    if (afresh) return this.#look(names);
    const nowMs = this.#store.clock.now();
    for (const [i, name] of names.entries()) {
      const known = this.#remembered.get(name);
      if (known === undefined || known.untilMs < nowMs) continue;
      const state = await this.#confirm(known, names.slice(0, i));
      if (state !== undefined) return state;
    }
    return this.#look(names);
  }

  /** Reads all of it in one request; undefined when it is not as remembered, or one of the likelier names is a user's. */
  async #confirm(
    { name, user, inbox, quotaRoot }: Remembered,
    likelier: readonly string[],
  ): Promise<RecipientState | undefined> {
    const keys: Key[] = [directoryKeyOf(name), headKey('T', user.tree), headKey('M', inbox)];
    if (quotaRoot !== undefined) keys.push(quotaKey(quotaRoot.id, user.space));
    const items = await this.#store.ports.index.batchGet([...likelier.map(directoryKeyOf), ...keys]);
    if (items.slice(0, likelier.length).some((entry) => entry !== undefined)) return undefined;
    const [entry, tree, mailbox, quota] = items.slice(likelier.length);
    if (entry === undefined || tree === undefined || mailbox === undefined) return undefined;
    const now = decodeUser(name, entry);
    const treeHead = decodeHead(tree);
    const extra = decodeTreeExtra(treeHead.extra);
    if (now.tree !== user.tree || extra.inbox !== inbox || extra.quota?.id !== quotaRoot?.id) return undefined;
    await this.#offer(inbox, decodeHead(mailbox));
    this.#remember({ name, user: now, inbox, quotaRoot: extra.quota });
    const usage = await this.#store.quota.usageWith(extra.quota, quota);
    return { user: now, treeHead, inbox, quotaRoot: extra.quota, usage };
  }

  async #look(names: readonly string[]): Promise<RecipientState | undefined> {
    const { index } = this.#store.ports;
    const entries = await index.batchGet(names.map(directoryKeyOf));
    const at = entries.findIndex((entry) => entry !== undefined);
    const [name, entry] = [names[at], entries[at]];
    if (name === undefined || entry === undefined) return undefined;
    const user = decodeUser(name, entry);
    const treeHead = await this.#treeHead(user);
    if (treeHead === undefined) return undefined;
    const { inbox, quota: quotaRoot } = decodeTreeExtra(treeHead.extra);
    if (inbox === undefined) return undefined;
    const keys = [headKey('M', inbox)];
    if (quotaRoot !== undefined) keys.push(quotaKey(quotaRoot.id, user.space));
    const [mailbox, quota] = await index.batchGet(keys);
    if (mailbox !== undefined) await this.#offer(inbox, decodeHead(mailbox));
    this.#remember({ name, user, inbox, quotaRoot });
    const usage = await this.#store.quota.usageWith(quotaRoot, quota);
    return { user, treeHead, inbox, quotaRoot, usage };
  }

  async #treeHead(user: User): Promise<Head | undefined> {
    const read = async (): Promise<Head | undefined> => {
      const item = await this.#store.ports.index.get(headKey('T', user.tree));
      return item && decodeHead(item);
    };
    const head = await read();
    const isEmpty = head !== undefined && decodeTreeExtra(head.extra).inbox === undefined;
    if (!isEmpty || this.#autocreate === undefined) return head;
    await this.#autocreate.settle(user);
    return read();
  }

  /** The head just read saves the commit a read. */
  async #offer(inbox: Id, head: Head): Promise<void> {
    const opened = this.#store.openedMailbox(inbox);
    if (opened !== undefined) await opened.offer(head);
    else await this.#store.deliveryLog(inbox).offer(head);
  }

  #remember(known: Omit<Remembered, 'untilMs'>): void {
    this.#remembered.delete(known.name);
    this.#remembered.set(known.name, { ...known, untilMs: this.#store.clock.now() + REMEMBER_MS });
    if (this.#remembered.size > MAX_REMEMBERED) {
      const [oldest] = this.#remembered.keys();
      if (oldest !== undefined) this.#remembered.delete(oldest);
    }
  }
}
