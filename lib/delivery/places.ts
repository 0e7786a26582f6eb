import type { Id } from '../base/ids.ts';
import { Account, type AccountOptions, accountPrefix } from '../store/account.ts';
import { StoreError } from '../store/errors.ts';
import type { MailStore } from '../store/mail-store.ts';
import { NameView } from '../store/name-view.ts';
import { checkName, createMailbox } from '../store/names.ts';
import { hasRight, ownerRights, rightsOf } from '../store/rights.ts';
import { type Binding, INBOX, type QuotaRoot, SEPARATOR, type TreeView } from '../store/tree-view.ts';
import type { RecipientState } from './recipients.ts';

/** A mailbox that mail is put into. */
export interface Target {
  readonly mailbox: Id;
  /** As its owner names it. */
  readonly path: string;
  readonly space: Id;
  readonly quotaRoot: QuotaRoot | undefined;
  /** Another user's: \Seen would be private there (Rule 16). */
  readonly isForeign: boolean;
}

/** What a script says of the mailbox it means; the name counts when the others name nothing. */
export interface Wanted {
  readonly mailbox: string;
  readonly specialUse?: string;
  readonly mailboxId?: string;
  readonly create?: boolean;
}

/** The mailboxes of one recipient, as they were when the recipient was looked up. */
export class Places {
  readonly inbox: Target;
  readonly #store: MailStore;
  readonly #state: RecipientState;
  readonly #account: Account;
  readonly #names: NameView;
  #view: Promise<TreeView> | undefined;

  constructor(store: MailStore, state: RecipientState, accounts: AccountOptions = {}) {
    this.#store = store;
    this.#state = state;
    this.#account = new Account(store, state.user, accounts);
    this.#names = new NameView(this.#account);
    this.inbox = this.#own(state.path ?? INBOX, state.inbox, state.quotaRoot);
  }

  /** The recipient's account: for questions that are seldom asked. */
  get account(): Account {
    return this.#account;
  }

  view(): Promise<TreeView> {
    this.#view ??= this.#store.tree(this.#state.user.tree).offer(this.#state.treeHead);
    return this.#view;
  }

  /** The mailbox below the user that whoever sends may post to (RFC 4314 p), else undefined. */
  async ofDetail(detail: string, poster?: string): Promise<Target | undefined> {
    const view = await this.view();
    for (const name of [this.#names.fromWire(`${this.#names.prefixes.own}${detail}`), ...spellings(detail)]) {
      const binding = view.binding(name);
      if (binding === undefined || !mayPost(binding, poster)) continue;
      return this.#own(name, binding.mailbox, view.quotaRootOf(name)?.root);
    }
    return undefined;
  }

  /** The mailbox that a script means, if it is there and the user may post to it (RFC 5228 §4.1, RFC 4314 p). */
  async find({ mailbox, specialUse, mailboxId }: Wanted): Promise<Target | undefined> {
    const view = await this.view();
    const [chosen] =
      mailboxId !== undefined || specialUse !== undefined
        ? [...view.state.bindings].filter(
            ([, binding]) => binding.mailbox === mailboxId || (specialUse !== undefined && hasUse(binding, specialUse)),
          )
        : [];
    if (chosen !== undefined && this.#mayPost(chosen[1])) return this.#ownBinding(view, ...chosen);
    for (const name of this.#meant(mailbox)) {
      const binding = view.binding(name);
      if (binding !== undefined && this.#mayPost(binding)) return this.#ownBinding(view, name, binding);
      const foreign = accountPrefix(name) === '' ? undefined : await this.#foreign(name);
      if (foreign !== undefined) return foreign;
    }
    return undefined;
  }

  /** Makes the mailbox that a script means, and subscribes nobody; undefined when it cannot be. */
  async create({ mailbox, specialUse }: Wanted): Promise<Target | undefined> {
    const named = this.#names.fromWire(mailbox);
    const name = accountPrefix(named) === '' && named !== mailbox ? named : (spellings(mailbox).at(-1) ?? mailbox);
    try {
      checkName(name);
      await createMailbox(this.#account, name, specialUse === undefined ? [] : [specialUse]);
    } catch (error) {
      if (!(error instanceof StoreError) || ['unavailable', 'format', 'gone'].includes(error.code)) throw error;
      // Another delivery was first, or it cannot be.
      if (error.code !== 'already-exists') return undefined;
    }
    this.#view = this.#account.tree.refresh().then(({ view }) => view);
    return this.find({ mailbox: name });
  }

  /** The store's names for one in a script: as the user's clients have it, then as scripts from elsewhere may. */
  #meant(mailbox: string): readonly string[] {
    return [...new Set([this.#names.fromWire(mailbox), ...spellings(mailbox), mailbox])];
  }

  #mayPost(binding: Binding): boolean {
    return hasRight(ownerRights(binding.acl, this.#account.identity), 'p');
  }

  #ownBinding(view: TreeView, name: string, { mailbox }: Binding): Target {
    return this.#own(name, mailbox, view.quotaRootOf(name)?.root);
  }

  #own(path: string, mailbox: Id, quotaRoot: QuotaRoot | undefined): Target {
    return { mailbox, path, space: this.#state.user.space, quotaRoot, isForeign: false };
  }

  async #foreign(name: string): Promise<Target | undefined> {
    try {
      const { mailbox, space, quotaRoot, isOwner } = await this.#account.open(name, 'p');
      return { mailbox: mailbox.id, path: name, space, quotaRoot, isForeign: !isOwner };
    } catch (error) {
      if (error instanceof StoreError && ['nonexistent', 'no-permission'].includes(error.code)) return undefined;
      throw error;
    }
  }
}

/** Whether this user may post, or somebody of whom nothing is known (RFC 4314 §4). */
export function mayPost({ acl }: Binding, poster = 'anonymous'): boolean {
  return hasRight(rightsOf(acl, { identifier: poster, groups: [] }), 'p');
}

function hasUse({ specialUse }: Binding, use: string): boolean {
  return specialUse.some((one) => one.toLowerCase() === use.toLowerCase());
}

/**
 * What a mailbox may be called that is meant by a name in a script or address: as it is; with "/" for the "." that older
 * scripts have; without the INBOX that these put before names below the user. The likeliest first.
 */
export function spellings(name: string): readonly string[] {
  const [first = '', ...rest] = name.split(/[/.]/);
  const isInbox = first.toUpperCase() === INBOX;
  const plain = isInbox && name.length === first.length ? INBOX : name;
  const slashed = name.includes(SEPARATOR) ? name : name.replaceAll('.', SEPARATOR);
  const cased = isInbox ? [INBOX, ...slashed.split(SEPARATOR).slice(1)].join(SEPARATOR) : slashed;
  const bare = isInbox && rest.length > 0 ? [slashed.split(SEPARATOR).slice(1).join(SEPARATOR)] : [];
  return [...new Set([plain, cased, ...bare])];
}
