import { openEmbedded } from '../../lib/embedded/open.ts';
import { Account } from '../../lib/store/account.ts';
import { Directory } from '../../lib/store/directory.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import { messageStream, summaries } from '../../lib/store/messages.ts';

/** Opens a data folder that a server may have open too, in this process. */
export async function withFreshStore<T>(data: string, run: (store: MailStore) => Promise<T>): Promise<T> {
  const home = await openEmbedded(data);
  const store = new MailStore(home);
  try {
    return await run(store);
  } finally {
    await store.close();
    await home.close();
  }
}

/**
 * Reads all that a user has, as a process does that has seen nothing of it before: every mailbox, every message of it, each
 * of the size that is said. Gives the number of messages; throws when anything cannot be read.
 */
export function readEverything(data: string, userName: string): Promise<number> {
  return withFreshStore(data, async (store) => {
    const user = await new Directory(store.ports.index).find(userName);
    if (user === undefined) throw new Error(`user ${userName} is gone`);
    const { view } = await store.tree(user.tree).refresh();
    let messages = 0;
    for (const name of view.state.bindings.keys()) messages += await readMailbox(new Account(store, user), name);
    return messages;
  });
}

async function readMailbox(account: Account, name: string): Promise<number> {
  const { mailbox, space, store } = await account.open(name);
  const { view } = await mailbox.refresh();
  const uids = view.allUids();
  const rows = await mailbox.cold(view, uids);
  for (const uid of uids) {
    const row = rows.get(uid);
    if (row === undefined) throw new Error(`${name}: UID ${uid} has no row`);
    const [summary] = await summaries(store.context, space, [row.blob]);
    if (summary === undefined) throw new Error(`${name}: UID ${uid} has no message`);
    let bytes = 0;
    for await (const chunk of await messageStream(store.context, space, row.blob)) bytes += chunk.length;
    if (bytes !== row.sizeBytes) throw new Error(`${name}: UID ${uid} has ${bytes} octets, not ${row.sizeBytes}`);
  }
  return rows.size;
}
