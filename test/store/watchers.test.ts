import { expect, test } from 'vitest';
import { MailStore } from '../../lib/store/mail-store.ts';
import { MAX_WATCHERS } from '../../lib/store/mailbox.ts';
import { addUser } from '../../lib/store/users.ts';
import { openIn } from '../support/inbox.ts';
import { noHints, noJobs, openTestStore } from '../support/test-store.ts';

test('four gateways are told of commits to a mailbox; the next one polls until one has left (Rule 20)', async () => {
  const home = await openTestStore();
  const user = await addUser(home.store, { name: 'watched', verifier: undefined });
  const { index, blobs, clock } = home;
  const stores = Array.from({ length: MAX_WATCHERS + 1 }, (_, i) => {
    return new MailStore({ index, blobs, hints: { ...noHints, address: `gateway${i}` }, jobs: noJobs }, { clock });
  });
  const mailboxes = await Promise.all(stores.map(async (store) => (await openIn(store, user)).mailbox));
  const watching: boolean[] = [];
  for (const mailbox of mailboxes) watching.push(await mailbox.watch());
  expect(watching).toEqual([true, true, true, true, false]);
  // Who does not ask again for half an hour has left.
  clock.advance(31 * 60_000);
  expect(await mailboxes[4]?.watch()).toBe(true);
  for (const store of stores) await store.close();
  await home.close();
});
