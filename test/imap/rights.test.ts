import { expect, test } from 'vitest';
import { Account } from '../../lib/store/account.ts';
import { setAcl } from '../../lib/store/acl.ts';
import { Directory } from '../../lib/store/directory.ts';
import { createMailbox } from '../../lib/store/names.ts';
import { ImapClient } from '../support/imap-client.ts';
import { type ImapGateway, openImapGateway } from '../support/imap-gateway.ts';

/** Bob has mailboxes, of which anna may do what the rights say. */
async function share({ store }: ImapGateway, rights: Readonly<Record<string, string>>): Promise<void> {
  const bob = await new Directory(store.ports.index).find('bob');
  if (bob === undefined) throw new Error('no bob');
  const account = new Account(store, bob);
  for (const [name, given] of Object.entries(rights)) {
    await createMailbox(account, name);
    await setAcl(account, name, 'anna', given);
  }
}

test('what others share is listed, and allows what their ACLs allow (RFC 4314 §4)', async () => {
  await using gateway = await openImapGateway({ users: ['anna', 'bob'] });
  await share(gateway, { reading: 'lr', posting: 'lrsi', hidden: 'i', visible: 'l' });
  const bob = await ImapClient.loggedIn(gateway.port, 'bob');
  await bob.append('reading', 'Subject: 1\r\n\r\nx\r\n');
  const anna = await ImapClient.loggedIn(gateway.port);
  const say = async (command: string): Promise<string[]> => anna.say('a', command);

  const names = (await say('LIST "" "Other Users/*"')).map((line) => line.split(' "/" ')[1] ?? '');
  expect(names).toEqual([
    '"Other Users/bob"',
    '"Other Users/bob/posting"',
    '"Other Users/bob/reading"',
    '"Other Users/bob/visible"',
    '',
  ]);
  expect((await say('SELECT "Other Users/bob/reading"')).at(-1)).toBe('a OK [READ-ONLY] Completed');
  expect(await say('FETCH 1 BODY[TEXT]')).toEqual(['* 1 FETCH (BODY[TEXT] {3}\r\nx\r\n)', 'a OK Completed']);
  expect(await say('FETCH 1 FLAGS')).toEqual(['* 1 FETCH (FLAGS (\\Recent))', 'a OK Completed']);
  expect(await say('STORE 1 +FLAGS (\\Seen)')).toEqual([expect.stringMatching(/^a NO \[NOPERM\]/)]);
  expect(await say('COPY 1 "Other Users/bob/reading"')).toEqual([expect.stringMatching(/^a NO \[NOPERM\]/)]);
  expect((await say('COPY 1 "Other Users/bob/posting"')).at(-1)).toMatch(/^a OK \[COPYUID /);
  expect(await say('MOVE 1 INBOX')).toEqual([expect.stringMatching(/^a NO \[NOPERM\]/)]);

  // What one may not look up does not exist; what one may only look up is refused.
  expect((await say('SELECT "Other Users/bob/hidden"')).at(-1)).toMatch(/^a NO \[NONEXISTENT\]/);
  expect((await say('STATUS "Other Users/bob/visible" (MESSAGES)')).at(-1)).toMatch(/^a NO \[NOPERM\]/);
  expect((await say('SELECT "Other Users/bob"')).at(-1)).toMatch(/^a NO \[NONEXISTENT\]/);
  expect((await say('SELECT "Other Users/nobody/x"')).at(-1)).toMatch(/^a NO \[NONEXISTENT\]/);

  // Without w and t, \Seen is all that can be set.
  await say('SELECT "Other Users/bob/posting"');
  expect(await say('STORE 1 FLAGS (\\Seen \\Flagged \\Deleted)')).toEqual([
    '* 1 FETCH (FLAGS (\\Seen \\Recent))',
    'a OK Completed',
  ]);
  expect(await say('EXPUNGE')).toEqual([expect.stringMatching(/^a NO \[NOPERM\]/)]);
  anna.close();
  bob.close();
  expect(gateway.errors).toEqual([]);
});
