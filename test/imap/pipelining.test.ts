import { expect, test } from 'vitest';
import { ImapClient } from '../support/imap-client.ts';
import { openImapGateway } from '../support/imap-gateway.ts';

/** Two sessions on an INBOX of five messages; the second has expunged the first message, which the first is not told yet. */
async function behind(port: number): Promise<{ readonly client: ImapClient; readonly other: ImapClient }> {
  const other = await ImapClient.loggedIn(port);
  for (let i = 1; i <= 5; i++) await other.append('INBOX', `Subject: ${i}\r\n\r\nx\r\n`);
  const client = await ImapClient.loggedIn(port);
  await client.say('s', 'EXAMINE INBOX');
  await other.say('s', 'SELECT INBOX');
  await other.say('d', 'STORE 1 +FLAGS.SILENT (\\Deleted)');
  await other.say('x', 'EXPUNGE');
  return { client, other };
}

test('RFC 3501 §7.4.1: pipelined FETCH, SEARCH and SORT keep their numbers, up to a command that may tell', async () => {
  await using gateway = await openImapGateway();
  const { client, other } = await behind(gateway.port);
  const commands = [
    'FETCH 3 UID',
    'SEARCH ALL',
    'SORT (ARRIVAL) UTF-8 ALL',
    'FETCH 5 UID',
    'UID FETCH 3 UID',
    'FETCH 2 UID',
  ];
  client.send(commands.map((command, i) => `t${i} ${command}\r\n`).join(''));
  const heard: string[][] = [];
  for (let i = 0; i < commands.length; i++) heard.push(await client.until(`t${i}`));
  expect(heard).toEqual([
    ['* 3 FETCH (UID 3)', 't0 OK Completed'],
    ['* SEARCH 2 3 4 5', 't1 OK Completed'],
    ['* SORT 2 3 4 5', 't2 OK Completed'],
    ['* 5 FETCH (UID 5)', 't3 OK Completed'],
    // A UID FETCH may tell it, when its own numbers have been written.
    ['* 3 FETCH (UID 3)', '* 1 EXPUNGE', 't4 OK Completed'],
    ['* 2 FETCH (UID 3)', 't5 OK Completed'],
  ]);
  client.close();
  other.close();
  expect(gateway.errors).toEqual([]);
});

test('RFC 3501 §5.5: commands in one write are run in their order, each seeing what those before it did', async () => {
  await using gateway = await openImapGateway();
  const client = await ImapClient.loggedIn(gateway.port);
  await client.append('INBOX', 'Subject: 1\r\n\r\nx\r\n');
  await client.append('INBOX', 'Subject: 2\r\n\r\nx\r\n');
  await client.say('s', 'SELECT INBOX');
  const commands = [
    'STORE 1 +FLAGS (\\Seen)',
    'FETCH 1 FLAGS',
    'SEARCH SEEN',
    'STORE 1 +FLAGS.SILENT (\\Deleted)',
    'EXPUNGE',
    'FETCH 1 UID',
    'APPEND INBOX {1+}\r\nx',
    'FETCH 2 UID',
    'CLOSE',
    'FETCH 1 UID',
  ];
  client.send(commands.map((command, i) => `t${i} ${command}\r\n`).join(''));
  const heard: string[] = [];
  for (let i = 0; i < commands.length; i++) heard.push(...(await client.until(`t${i}`)));
  expect(heard).toEqual([
    '* 1 FETCH (FLAGS (\\Seen \\Recent))',
    't0 OK Completed',
    '* 1 FETCH (FLAGS (\\Seen \\Recent))',
    't1 OK Completed',
    '* SEARCH 1',
    't2 OK Completed',
    't3 OK Completed',
    '* 1 EXPUNGE',
    't4 OK Completed',
    '* 1 FETCH (UID 2)',
    't5 OK Completed',
    '* 2 EXISTS',
    '* 2 RECENT',
    expect.stringMatching(/^t6 OK \[APPENDUID \d+ 3\] Completed$/),
    '* 2 FETCH (UID 3)',
    't7 OK Completed',
    't8 OK Completed',
    't9 BAD Please select a mailbox first',
  ]);
  client.close();
  expect(gateway.errors).toEqual([]);
});
