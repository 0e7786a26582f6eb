import { expect, test } from 'vitest';
import { Account } from '../../lib/store/account.ts';
import { setAcl } from '../../lib/store/acl.ts';
import { createMailbox } from '../../lib/store/names.ts';
import { message, openSieveHome, type SieveHome } from './sieve-support.ts';

/** What the book has: INBOX.Folder, and a dot between the levels. */
const naming = { altNamespace: false, unixHierarchySep: false };

async function openDotted(): Promise<SieveHome> {
  const home = await openSieveHome({ accounts: { naming } }, ['anna', 'bert', 'cyrus']);
  const anna = await home.account();
  for (const name of ['Lists', 'Lists/a.b']) await createMailbox(anna, name);
  return home;
}

test.each([
  ['INBOX.Lists', 'Lists: Hi'],
  ['INBOX.Lists.a^b', 'Lists/a.b: Hi'],
  ['INBOX', 'INBOX: Hi'],
  // What a script says that was written for other names is understood too.
  ['Lists', 'Lists: Hi'],
  ['INBOX/Lists', 'Lists: Hi'],
  ['INBOX.Nope', 'INBOX: Hi [$SieveFailed]'],
])('fileinto "%s" is what the client calls so', async (name, mail) => {
  await using home = await openDotted();
  await home.script(`require "fileinto"; fileinto "${name}";`);
  await home.send(message('Hi'));
  expect(await home.mail()).toEqual([mail]);
  expect(home.errors).toEqual([]);
});

test('what a script makes has the name that the client sees', async () => {
  await using home = await openDotted();
  await home.script('require ["fileinto","mailbox"]; fileinto :create "INBOX.New.x^y";');
  await home.send(message('Hi'));
  expect(await home.mail()).toEqual(['New/x.y: Hi']);
});

test('a mailbox of another user, and a shared one, where the user may post', async () => {
  await using home = await openDotted();
  const bert = await home.account('bert');
  await createMailbox(bert, 'Team');
  await setAcl(bert, 'Team', 'anna', 'lrp');
  const admin = new Account(home.store, (await home.account('cyrus')).user, { admins: ['cyrus'] });
  await createMailbox(admin, 'Shared Folders/news');
  await createMailbox(admin, 'Shared Folders/closed');
  await setAcl(admin, 'Shared Folders/news', 'anna', 'lrp');
  await home.script('require "fileinto"; fileinto "user.bert.Team"; fileinto "news"; fileinto "closed";');
  await home.send(message('Hi'));
  expect(await home.mail('bert')).toEqual(['Team: Hi']);
  expect(await home.mail()).toEqual(['INBOX: Hi [$SieveFailed]']);
  const news = await admin.open('Shared Folders/news', 'l');
  expect((await news.mailbox.refresh()).view.exists).toBe(1);
  expect(home.errors).toEqual([]);
});

test('a detail of an address is a name below the user', async () => {
  await using home = await openDotted();
  const anna = await home.account();
  for (const name of ['Lists', 'Lists/a.b']) await setAcl(anna, name, 'anyone', 'p');
  await home.send(message('one'), { to: ['anna+Lists.a^b@example.com'] });
  await home.send(message('two'), { to: ['anna+Lists@example.com'] });
  await home.send(message('three'), { to: ['anna+lists@example.com'] });
  expect(await home.mail()).toEqual(['INBOX: three', 'Lists: two', 'Lists/a.b: one']);
});
