import type { Id } from '../base/ids.ts';
import { StoreError } from './errors.ts';
import type { MailStore } from './mail-store.ts';
import type { Tree } from './tree.ts';
import { unbindRecord } from './tree-records.ts';

/** Closes a mailbox's head for good: no commit can come any more, sessions on it are told (Rule 5). */
export async function closeMailbox(store: MailStore, id: Id): Promise<void> {
  const mailbox = store.mailbox(id);
  try {
    const head = await mailbox.editHead(({ state }) =>
      state === 'closed' ? undefined : { state: 'closed', movesTo: undefined },
    );
    const addresses = head.watchers.map(({ address }) => address);
    store.ports.hints.send({ id, rev: head.rev }, addresses);
    await mailbox.refresh();
  } catch (error) {
    // No head at all: an earlier try got further.
    if (!(error instanceof StoreError && error.code === 'gone')) throw error;
  }
}

/** Opens a closed mailbox again: while its DELETE ran it was given another name, and nobody has asked for that one to go. */
export async function reopenMailbox(store: MailStore, id: Id): Promise<void> {
  await store.mailbox(id).editHead(({ state }) => (state === 'closed' ? { state: 'open' } : undefined));
}

/**
 * The second half of a DELETE, by whoever meets a closed mailbox that is still bound (Rule 5). `'renamed'`: another name
 * leads to the mailbox by now, and it was left bound.
 */
export async function unbindClosed(tree: Tree, path: string, id: Id): Promise<'unbound' | 'renamed'> {
  const { reply } = await tree.commit((view) => {
    if (view.binding(path)?.mailbox === id) return { record: unbindRecord(path), reply: 'unbound' as const };
    const elsewhere = [...view.state.bindings.values()].some(({ mailbox }) => mailbox === id);
    return { reply: elsewhere ? ('renamed' as const) : ('unbound' as const) };
  });
  return reply;
}
