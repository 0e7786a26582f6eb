import { sieveLimits } from '../sieve/limits.ts';
import { Account, type AccountOptions, type OpenMailbox, SHARED_FOLDERS } from '../store/account.ts';
import { findCommons, isCommons } from '../store/commons.ts';
import { StoreError } from '../store/errors.ts';
import { flagNames, parseFlagNames } from '../store/flag-names.ts';
import type { MailStore } from '../store/mail-store.ts';
import { messageBytes, storedMessage } from '../store/messages.ts';
import { NameView } from '../store/name-view.ts';
import type { Job } from '../store/ports.ts';
import { setFlags } from '../store/set-flags.ts';
import { SEPARATOR } from '../store/tree-view.ts';
import { UidSet } from '../store/uid-set.ts';
import { type Incoming, storeCopies } from './carry-out.ts';
import type { Decision } from './decision.ts';
import { decodeImapEvent, type ImapEventJob } from './imap-event-job.ts';
import { IMAP_EVENT } from './imap-events.ts';
import { Places } from './places.ts';
import { sha256 } from './received.ts';
import { type RecipientState, Recipients } from './recipients.ts';
import type { Responder } from './respond.ts';
import { feasible } from './send.ts';
import { sharedMailboxAt } from './shared-mailbox.ts';
import type { SieveRunner } from './sieve.ts';
import type { Usable } from './sieve-scripts.ts';

/** A script that was not run, or not to its end; the message stays as it is. */
export interface ImapSieveFailure {
  readonly user: string;
  readonly mailbox: string;
  readonly script: string;
  readonly why: string;
}

export interface ImapSieveOptions {
  readonly runner: SieveRunner;
  readonly responder: Responder;
  /** Whether a relay is there. */
  readonly canSend: boolean;
  /** Of users that have none. */
  readonly domain: string;
  /** How owners see the store. */
  readonly accounts?: AccountOptions;
  readonly onFailed?: (failure: ImapSieveFailure) => void;
}

/** Runs the scripts that mailboxes have for what IMAP commands do in them (RFC 6785). */
export class ImapSieve {
  readonly #store: MailStore;
  readonly #options: ImapSieveOptions;
  readonly #recipients: Recipients;

  constructor(store: MailStore, options: ImapSieveOptions) {
    this.#store = store;
    this.#options = options;
    this.#recipients = new Recipients(store);
  }

  /** Takes what {@link ImapEvents} notes until `stop()`, which waits for what is under way. */
  run(): { stop(): Promise<void> } {
    return this.#store.ports.jobs.run({ [IMAP_EVENT]: (job) => this.handle(job) });
  }

  /** Does one job: what was done by an earlier try is not done again. Throws what a later try may mend. */
  async handle({ body }: Job): Promise<void> {
    const job = decodeImapEvent(body);
    const state = await this.#owner(job);
    if (state === undefined) return this.#failed(job, 'The owner of the mailbox is not there.');
    const open = await this.#open(state, job);
    if (open === undefined) return;
    const usable = await this.#script(state, job.script);
    if (usable === undefined || 'unusable' in usable) {
      return this.#failed(job, usable === undefined ? 'There is no such script.' : usable.unusable);
    }
    for (const { uids, changedFlags } of job.changes) {
      for (const uid of UidSet.fromRanges(uids)) {
        await this.#lookSafely(job, { state, open, usable, uid, changedFlags });
      }
    }
  }

  /** Whose mailbox it is; of a shared one, the account of nobody with that mailbox where a user has INBOX. */
  async #owner({ owner, path }: ImapEventJob): Promise<RecipientState | undefined> {
    if (!isCommons(owner)) return this.#recipients.find([owner], true);
    const user = await findCommons(this.#store, owner);
    if (user === undefined) return undefined;
    await this.#store.tree(user.tree).refresh();
    return sharedMailboxAt(this.#store, user, path);
  }

  /** What is refused for good, for want of room say, is no reason to leave out the messages after it. */
  async #lookSafely(job: ImapEventJob, looking: Looking): Promise<void> {
    try {
      await this.#look(job, looking);
    } catch (error) {
      if (!(error instanceof StoreError) || ['unavailable', 'format'].includes(error.code)) throw error;
      this.#failed(job, error.message);
    }
  }

  /** The mailbox as its owner opens it; undefined when it has been deleted or renamed away. */
  async #open(state: RecipientState, { path, mailbox }: ImapEventJob): Promise<OpenMailbox | undefined> {
    try {
      const open = await new Account(this.#store, state.user).open(path);
      return open.mailbox.id === mailbox ? open : undefined;
    } catch (error) {
      if (error instanceof StoreError && ['nonexistent', 'no-permission'].includes(error.code)) return undefined;
      throw error;
    }
  }

  /** The owner's script of that name, else the one that belongs to nobody. */
  async #script({ user }: RecipientState, name: string): Promise<Usable | undefined> {
    const commons = await findCommons(this.#store);
    for (const tree of [user.tree, ...(commons === undefined ? [] : [commons.tree])]) {
      const { view } = await this.#store.tree(tree).refresh();
      const script = view.state.scripts.get(name.normalize('NFC'));
      if (script !== undefined) return this.#options.runner.scripts.at(tree, script.piece);
    }
    return undefined;
  }

  async #look(job: ImapEventJob, { state, open, usable, uid, changedFlags }: Looking): Promise<void> {
    const { view } = await open.mailbox.refresh();
    const [bits, row] = [view.bitsOf(uid), (await open.mailbox.cold(view, UidSet.of(uid))).get(uid)];
    if (bits === undefined || row === undefined) return;
    const flags = flagNames(view, bits);
    const stored = await storedMessage(this.#store.context, open.space, row.blob, row.sizeBytes);
    const isShared = isCommons(job.owner);
    // Nobody has a shared mailbox: what is sent is sent by who has caused it.
    const address = this.#address(isShared ? job.user : job.owner);
    const incoming: Incoming = {
      state,
      address,
      sender: address,
      stored,
      deliveryId: sha256(IMAP_EVENT, job.event, String(uid)),
      messageKey: undefined,
      suppressMs: 0,
    };
    const places = new Places(this.#store, state, this.#options.accounts);
    const here = { mailbox: open.mailbox.id, path: open.path, space: open.space, quotaRoot: open.quotaRoot };
    const end = Math.min(stored.sizeBytes, stored.summary.headerBytes + sieveLimits.bodyBytes);
    const decision = await this.#options.runner.evaluated(
      usable,
      state,
      places,
      { ...here, isForeign: false },
      {
        summary: stored.summary,
        header: stored.header,
        sizeBytes: stored.sizeBytes,
        sender: address,
        recipient: address,
        deliveryId: incoming.deliveryId,
        content: async () => {
          const bytes = await messageBytes(this.#store.context, open.space, row.blob, { start: 0, end });
          return (from, to) => bytes.subarray(from, to);
        },
        event: {
          cause: job.cause,
          mailbox: isShared
            ? `${SHARED_FOLDERS}${SEPARATOR}${job.path}`
            : new NameView(places.account).toWire(job.path),
          changedFlags,
          user: job.user,
          email: this.#address(job.user),
          flags,
        },
      },
    );
    if (decision.failure !== undefined) return this.#failed(job, decision.failure.message);
    await this.#carryOut(incoming, decision, places, { open, uid, flags });
  }

  /** Copies and sends; the message itself gets the flags of a keep or, with none, \Deleted (RFC 6785 §3.1, §3.3). */
  async #carryOut(incoming: Incoming, decided: Decision, places: Places, { open, uid, flags }: Subject): Promise<void> {
    const { responder, canSend } = this.#options;
    const { decision, unsent } = feasible(decided, incoming, places, canSend);
    for (const { action, why } of unsent) responder.tell(incoming, action, why);
    const kept = decided.stores.find(({ target }) => target.mailbox === open.mailbox.id);
    const copies = decided.stores.filter((one) => one !== kept);
    await storeCopies(this.#store, incoming, copies);
    for (const action of decision.sends) await responder.send(action, incoming, places);
    const uids = UidSet.of(uid);
    if (kept === undefined) {
      // What could not be sent on stays.
      if (unsent.length === 0) await setFlags(open, { operation: 'add', flags: ['\\Deleted'], uids });
      return;
    }
    const now = parseFlagNames(flags);
    const { system, keywords } = kept.flags;
    const names = [...SYSTEM_NAMES].flatMap(([name, bit]) => ((system & bit) === 0 ? [] : [name]));
    if (system === now.system && sameNames(keywords, now.keywords)) return;
    await setFlags(open, { operation: 'replace', flags: [...names, ...keywords], uids });
  }

  #address(user: string): string {
    return user.includes('@') ? user : `${user}@${this.#options.domain}`;
  }

  #failed({ owner, path, script }: ImapEventJob, why: string): void {
    this.#options.onFailed?.({ user: owner, mailbox: path, script, why });
  }
}

interface Subject {
  readonly open: OpenMailbox;
  readonly uid: number;
  /** As they are. */
  readonly flags: readonly string[];
}

interface Looking extends Omit<Subject, 'flags'> {
  readonly state: RecipientState;
  readonly usable: Exclude<Usable, { readonly unusable: string }>;
  readonly changedFlags: readonly string[];
}

const SYSTEM_NAMES = new Map(
  ['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft'].map((name) => [name, parseFlagNames([name]).system]),
);

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  const lower = (names: readonly string[]) =>
    names
      .map((name) => name.toLowerCase())
      .sort()
      .join(' ');
  return lower(a) === lower(b);
}
