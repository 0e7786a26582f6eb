import { expect, test } from 'vitest';
import { ImapClient } from '../support/imap-client.ts';
import { openImapGateway } from '../support/imap-gateway.ts';

const EVERYTHING = 'NOTIFY SET (personal (MessageNew MessageExpunge FlagChange MailboxName))';

test('more mailboxes than the limit are not watched, at once or later', async () => {
  await using gateway = await openImapGateway({ limits: { notifyMailboxes: 3 } });
  const client = await ImapClient.loggedIn(gateway.port);
  expect(await client.say('a', EVERYTHING)).toEqual([expect.stringMatching(/^a NO \[NOTIFICATIONOVERFLOW\] /)]);
  const some = 'NOTIFY SET (subtree Lists (MessageNew MessageExpunge MailboxName))';
  expect(await client.say('b', some)).toEqual(['b OK Completed']);
  const other = await ImapClient.loggedIn(gateway.port);
  for (const name of ['Lists/a', 'Lists/b', 'Lists/c']) {
    await other.say('c', `CREATE ${name}`);
    expect(await client.line()).toBe(`* LIST (\\HasNoChildren) "/" ${name}`);
    expect(await client.line()).toBe('* LIST (\\NonExistent \\HasChildren) "/" Lists');
  }
  await other.say('d', 'CREATE Lists/d');
  expect(await client.line()).toBe('* LIST (\\HasNoChildren) "/" Lists/d');
  expect(await client.line()).toBe('* LIST (\\NonExistent \\HasChildren) "/" Lists');
  expect(await client.line()).toMatch(/^\* OK \[NOTIFICATIONOVERFLOW\] /);
  await other.say('e', 'CREATE Lists/e');
  expect(await client.say('f', 'NOOP')).toEqual(['f OK Completed']);
  client.close();
  other.close();
  expect(gateway.errors).toEqual([]);
});

test('what another process does is seen by looking, and nothing is told within an answer', async () => {
  await using gateway = await openImapGateway({ limits: { pollMs: 20 } });
  await using second = await openImapGateway({ home: gateway.home });
  const client = await ImapClient.loggedIn(gateway.port);
  await client.say('a', EVERYTHING);
  const other = await ImapClient.loggedIn(second.port);
  await other.append('INBOX', 'Subject: x\r\n\r\nx\r\n');
  expect(await client.line()).toMatch(/^\* STATUS INBOX \(MESSAGES 1 UIDNEXT 2 UIDVALIDITY \d+ UNSEEN 1\)$/);
  await other.say('b', 'CREATE Elsewhere');
  expect(await client.line()).toBe('* LIST (\\HasNoChildren) "/" Elsewhere');
  // Commands in a row, while things happen: each answer is whole, and what happened is told in the end.
  await client.say('s', 'SELECT INBOX');
  const appended = (async () => {
    for (let i = 0; i < 5; i++) await other.append('Elsewhere', 'x');
  })();
  client.send(Array.from({ length: 50 }, (_, i) => `n${i} FETCH 1 (UID BODY.PEEK[])\r\n`).join(''));
  const heard: string[] = [];
  for (let i = 0; i < 50; i++) heard.push(...(await client.until(`n${i}`)));
  await appended;
  const told = (line: string): boolean => line.startsWith('* STATUS Elsewhere ');
  while (!heard.some((line) => line.startsWith('* STATUS Elsewhere (MESSAGES 5 '))) heard.push(await client.line());
  const fetched = heard.filter((line) => !told(line));
  expect(fetched.length).toBe(100);
  for (let i = 0; i < 50; i++) expect(fetched[2 * i]).toMatch(/^\* 1 FETCH \(UID 1 BODY\[\] \{17\}/);
  client.close();
  other.close();
  expect(gateway.errors).toEqual([]);
});
