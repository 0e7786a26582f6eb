import { hashPassword } from '../../lib/auth/password.ts';
import { openEmbedded } from '../../lib/embedded/open.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import { addUser } from '../../lib/store/users.ts';

/** Does what `cirrus user add` does for each of them, without a process for each. The data folder is made if need be. */
export async function addUsers(folder: string, names: readonly string[], password: string): Promise<void> {
  const home = await openEmbedded(folder, { commitHere: true });
  const store = new MailStore(home);
  const verifier = await hashPassword(password);
  for (const name of names) await addUser(store, { name, verifier });
  await store.close();
  await home.close();
}
