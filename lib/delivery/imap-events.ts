import { newId } from '../base/ids.ts';
import type { OpenMailbox } from '../store/account.ts';
import { findCommons } from '../store/commons.ts';
import type { MailStore } from '../store/mail-store.ts';
import type { Tree } from '../store/tree.ts';
import { annotationKey } from '../store/tree-records.ts';
import type { UidSet } from '../store/uid-set.ts';
import { encodeImapEvent, type ImapCause } from './imap-event-job.ts';

/** The annotation that names the script of a mailbox or, of the server, that of all others (RFC 6785 §2.3.1, §2.3.2). */
export const SCRIPT_ENTRY = '/shared/imapsieve/script';

/** Kind of the jobs that run scripts for IMAP commands. */
export const IMAP_EVENT = 'imapsieve';

/** So long the annotations that one process has read may be behind those that another has set. */
const BELIEVED_MS = 60_000;
/** Trees of which a process remembers when it has read them. */
const MAX_TREES = 10_000;

/** Messages with the flags of theirs that were set or reset. */
export interface Changed {
  readonly uids: UidSet;
  readonly changedFlags: readonly string[];
}

/** Notes what IMAP commands have done where a script is to look at it (RFC 6785); it runs afterwards, as a job. */
export class ImapEvents {
  readonly #store: MailStore;
  readonly #onError: (what: string, error: unknown) => void;
  readonly #readAtMs = new Map<string, number>();
  #commons: { readonly tree: Tree | undefined; readonly atMs: number } | undefined;

  constructor(store: MailStore, onError: (what: string, error: unknown) => void) {
    this.#store = store;
    this.#onError = onError;
  }

  /**
   * Durable when it resolves: what the command is answered after it, a script will see. Never throws: the command has been
   * carried out, and a script is no reason to say that it was not. `changes` is asked only where there is a script.
   */
  async happened(open: OpenMailbox, cause: ImapCause, changes: () => readonly Changed[]): Promise<void> {
    try {
      const script = await this.#script(open);
      if (script === undefined || script === '') return;
      const some = changes().filter(({ uids }) => !uids.isEmpty);
      if (some.length === 0) return;
      const event = newId(this.#store.clock.now());
      const body = encodeImapEvent({
        event,
        owner: open.owner,
        mailbox: open.mailbox.id,
        path: open.path,
        script,
        cause,
        user: open.account.user.name,
        changes: some.map(({ uids, changedFlags }) => ({ uids: [...uids.ranges()], changedFlags })),
      });
      await this.#store.ports.jobs.enqueue({ kind: IMAP_EVENT, id: event, body });
    } catch (error) {
      this.#onError('noting an IMAP event', error);
    }
  }

  /** Name of the script for a mailbox: empty where it wants none, whatever the server has (RFC 6785 §2.3.1). */
  async #script({ tree, path }: OpenMailbox): Promise<string | undefined> {
    const own = await this.#annotation(tree, path);
    if (own !== undefined) return own;
    const nowMs = this.#store.clock.now();
    if (this.#commons === undefined || nowMs - this.#commons.atMs > BELIEVED_MS) {
      const found = await findCommons(this.#store);
      this.#commons = { tree: found && this.#store.tree(found.tree), atMs: nowMs };
    }
    const { tree: commons } = this.#commons;
    return commons && this.#annotation(commons, '');
  }

  async #annotation(tree: Tree, path: string): Promise<string | undefined> {
    const nowMs = this.#store.clock.now();
    const isFresh = nowMs - (this.#readAtMs.get(tree.id) ?? 0) < BELIEVED_MS;
    const view = (isFresh ? tree.cached?.view : undefined) ?? (await this.#refreshed(tree, nowMs));
    return view.state.annotations.get(annotationKey(path, SCRIPT_ENTRY));
  }

  async #refreshed(tree: Tree, nowMs: number) {
    const { view } = await tree.refresh();
    this.#readAtMs.delete(tree.id);
    this.#readAtMs.set(tree.id, nowMs);
    const [oldest] = this.#readAtMs.keys();
    if (this.#readAtMs.size > MAX_TREES && oldest !== undefined) this.#readAtMs.delete(oldest);
    return view;
  }
}
