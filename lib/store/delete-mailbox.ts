import type { Id } from '../base/ids.ts';
import { StoreError } from './errors.ts';
import type { MailStore } from './mail-store.ts';

/** Closes a mailbox's head for good: no commit can come any more, sessions on it are told (Rule 5). */
export async function closeMailbox(store: MailStore, id: Id): Promise<void> {
  const mailbox = store.mailbox(id);
  try {
    const head = await mailbox.editHead(({ state }) => (state === 'closed' ? undefined : { state: 'closed' }));
    const addresses = head.watchers.map(({ address }) => address);
    store.ports.hints.send({ id, rev: head.rev }, addresses);
    await mailbox.refresh();
  } catch (error) {
    // No head at all: an earlier try got further.
    if (!(error instanceof StoreError && error.code === 'gone')) throw error;
  }
}
