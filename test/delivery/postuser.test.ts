import { afterAll, beforeAll, expect, it } from 'vitest';
import { StoreDelivery } from '../../lib/delivery/deliver.ts';
import { Account } from '../../lib/store/account.ts';
import { setAcl } from '../../lib/store/acl.ts';
import { createMailbox } from '../../lib/store/names.ts';
import { setQuota } from '../../lib/store/quota-roots.ts';
import { openLmtp } from '../lmtp/support.ts';
import { accountOf, message, openSieveHome, type SieveHome, sendTo } from './sieve-support.ts';

const UNKNOWN = '550-Mailbox unknown.';
const FORBIDDEN =
  '550-You do not have permission to post a message to this mailbox.\r\n' +
  '550-Please contact the owner of this mailbox in order to submit\r\n' +
  '550-your message, or <postmaster> if you believe you\r\n' +
  '550-received this message in error.\r\n' +
  '550 5.7.1 Permission denied';

let home: SieveHome;
let admin: Account;
beforeAll(async () => {
  home = await openSieveHome({ postUser: 'bb' }, ['anna', 'cyrus']);
  const { user } = await accountOf(home.store, 'cyrus');
  admin = new Account(home.store, user, { admins: ['cyrus'], defaultDomain: 'example.com' });
  for (const name of ['news', 'news/today', 'full', 'closed']) await createMailbox(admin, `Shared Folders/${name}`);
  for (const name of ['news', 'news/today', 'full']) await setAcl(admin, `Shared Folders/${name}`, 'anyone', 'lrsp');
});
afterAll(() => home[Symbol.asyncDispose]());

/** What a shared mailbox has had delivered, in words of the log. */
const facts = () => home.facts.splice(0).map(({ user, mailbox, outcome }) => `${user} ${mailbox} ${outcome}`);

it('takes mail for postuser+folder, once, where anyone may post', async () => {
  const to = ['bb+news@example.com', 'BB+news.today', 'bb+news/today@example.com'];
  expect(await home.send(message('hello'), { to })).toEqual(Array(3).fill('250 2.1.5 Ok'));
  expect(facts().sort()).toEqual(['/ news delivered', '/ news/today before', '/ news/today delivered']);
  const open = await admin.open('Shared Folders/news');
  expect((await open.mailbox.refresh()).view.exists).toBe(1);
});

it('refuses mail for a shared mailbox that is not there, or where nobody may post: there is no INBOX to fall back to', async () => {
  const refused = async (to: string) => (await home.send(message('hello'), { to: [to] })).join();
  expect(await refused('bb+closed@example.com')).toBe(FORBIDDEN);
  expect(await refused('bb+none@example.com')).toContain(UNKNOWN);
  expect(await refused('bb@example.com')).toContain(UNKNOWN);
  expect(await refused('+news@example.com')).toContain(UNKNOWN);
  expect(await refused('bb+news@elsewhere.example')).toContain(UNKNOWN);
  expect(facts()).toEqual([]);
});

it('the quota root above it counts', async () => {
  await setQuota(admin, 'Shared Folders/full', new Map([['STORAGE', 0]]));
  expect(await home.send(message('one'), { to: ['bb+full@example.com'] })).toEqual(['452 4.2.2 Over quota']);
});

it('without a postuser it is +folder', async () => {
  const listener = await openLmtp(new StoreDelivery(home.store, { defaultDomain: 'example.com' }));
  const send = (to: string) => sendTo(listener.address, message(to), { to: [to] });
  expect(await send('+news.today@example.com')).toEqual(['250 2.1.5 Ok']);
  expect(await send('+news')).toEqual(['250 2.1.5 Ok']);
  expect(await send('+closed@example.com')).toEqual([FORBIDDEN]);
  expect((await send('bb+news@example.com')).join()).toContain(UNKNOWN);
  await listener.drain();
});
