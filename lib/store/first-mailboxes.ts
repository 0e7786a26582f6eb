import { type Id, newId } from '../base/ids.ts';
import { Account } from './account.ts';
import type { User } from './directory.ts';
import { StoreError } from './errors.ts';
import type { MailStore } from './mail-store.ts';
import { checkName } from './names.ts';
import type { RecordDraft } from './record.ts';
import { putDefaultScript } from './scripts.ts';
import { bindRecord, setQuotaRecord, subscribeRecord } from './tree-records.ts';
import { INBOX, type TreeState } from './tree-view.ts';
import { DEFAULT_MAILBOXES } from './users.ts';

/** What a user without mailboxes gets. */
export interface FirstMailboxes {
  /** KiB; undefined: no limit. */
  readonly quotaKib: number | undefined;
  /** Besides INBOX. */
  readonly folders: readonly string[];
  /** Of these, and besides INBOX, those that are subscribed. */
  readonly subscribed: readonly string[];
  /** A Sieve script that runs while the user has activated none. */
  readonly script?: Buffer;
}

type Step = (state: TreeState) => RecordDraft | undefined;

/**
 * Gives a user INBOX and the other mailboxes; false when INBOX is there already. INBOX comes last, so that what was
 * interrupted is done again, and two at once make one.
 */
export async function makeFirstMailboxes(store: MailStore, user: User, first: FirstMailboxes): Promise<boolean> {
  const tree = store.tree(user.tree);
  if ((await tree.refresh()).view.binding(INBOX) !== undefined) return false;
  const { quotaKib, folders, subscribed, script } = first;
  for (const name of folders) checkName(name);
  if (script !== undefined) await putDefaultScript(new Account(store, user), script);
  const names = [...new Set([...folders.filter((name) => name !== INBOX), INBOX])];
  const mailboxes = await Promise.all(
    names.map(async (name) => ({ name, mailbox: await store.createMailbox(user.tree, user.space) })),
  );
  const root = { id: newId(store.clock.now()), storageKib: quotaKib, messages: undefined };
  const limit: Step = ({ quotaRoots }) =>
    quotaKib === undefined || quotaRoots.has('') ? undefined : setQuotaRecord('', root);
  const steps = mailboxes.flatMap(({ name, mailbox }): Step[] => {
    const subscribes = name === INBOX || subscribed.includes(name);
    return [
      ({ subscriptions }) => (subscribes && !subscriptions.has(name) ? subscribeRecord(name, true) : undefined),
      (state) => bindFirst(state, name, mailbox),
    ];
  });
  try {
    // Asked for at once, they are one write.
    const commit = (step: Step) => tree.commit(({ state }) => ({ record: step(state), reply: undefined }));
    await Promise.all([limit, ...steps].map(commit));
  } catch (error) {
    if (error instanceof StoreError && error.code === 'already-exists') return false;
    throw error;
  }
  return true;
}

/** Binds what is not there; `already-exists` for INBOX: another was first. */
function bindFirst(state: TreeState, name: string, mailbox: Id): RecordDraft | undefined {
  if (!state.bindings.has(name)) {
    return bindRecord({ name, mailbox, specialUse: specialUseOf(name, state), acl: new Map() });
  }
  if (name === INBOX) throw new StoreError('already-exists', 'Mailbox already exists');
  return undefined;
}

/** What a mailbox of a well-known name is for, unless another has that use. */
function specialUseOf(name: string, { bindings }: TreeState): readonly string[] {
  const use = DEFAULT_MAILBOXES.find(([known]) => known === name)?.[1];
  const isTaken = [...bindings.values()].some(({ specialUse }) => specialUse.some((one) => one === use));
  return use === undefined || isTaken ? [] : [use];
}
