import { expect, test } from 'vitest';
import { MAX_METADATA_BYTES, MAX_METADATA_ENTRIES } from '../../lib/store/metadata.ts';
import { ImapClient } from '../support/imap-client.ts';
import { openImapGateway } from '../support/imap-gateway.ts';

test('annotations have limits, which are told (RFC 5464 §4.3)', async () => {
  await using gateway = await openImapGateway();
  const client = await ImapClient.loggedIn(gateway.port);
  const set = (entry: string, value: string): Promise<string[]> =>
    client.say('a', `SETMETADATA INBOX (${entry} "${value}")`);
  expect(await set('/shared/comment', 'x'.repeat(MAX_METADATA_BYTES))).toEqual(['a OK Completed']);
  expect(await set('/shared/comment', 'x'.repeat(MAX_METADATA_BYTES + 1))).toEqual([
    `a NO [METADATA MAXSIZE ${MAX_METADATA_BYTES}] a value has at most ${MAX_METADATA_BYTES} bytes`,
  ]);
  for (let i = 1; i < MAX_METADATA_ENTRIES; i++) expect(await set(`/private/e${i}`, 'x')).toEqual(['a OK Completed']);
  expect(await set('/private/more', 'x')).toEqual([expect.stringMatching(/^a NO \[METADATA TOOMANY\]/)]);
  expect(await set('/private/e1', 'y')).toEqual(['a OK Completed']);
  // When one cannot be set, none is; what goes makes room.
  expect(await client.say('b', 'SETMETADATA INBOX (/private/e1 "z" /private/more "x")')).toEqual([
    expect.stringMatching(/^b NO \[METADATA TOOMANY\]/),
  ]);
  expect(await client.say('c', 'GETMETADATA INBOX (/private/e1 /private/more)')).toEqual([
    '* METADATA "INBOX" (/private/e1 "y" /private/more NIL)',
    'c OK Completed',
  ]);
  expect(await client.say('d', 'SETMETADATA INBOX (/private/more "x" /private/e2 NIL)')).toEqual(['d OK Completed']);
  client.close();
});

test('\\Seen is everybody’s where the annotation sharedseen says so', async () => {
  await using gateway = await openImapGateway({ users: ['anna', 'bob'] });
  const anna = await ImapClient.loggedIn(gateway.port);
  await anna.append('INBOX', 'Subject: 1\r\n\r\nx\r\n');
  await anna.say('a', 'SETACL INBOX bob lrs');
  await anna.say('b', 'SETMETADATA INBOX (/shared/vendor/cmu/cyrus-imapd/sharedseen "true")');
  const bob = await ImapClient.loggedIn(gateway.port, 'bob');
  await bob.say('a', 'SELECT "Other Users/anna/INBOX"');
  await bob.say('b', 'STORE 1 +FLAGS (\\Seen)');
  expect(await anna.say('c', 'STATUS INBOX (UNSEEN)')).toEqual(['* STATUS INBOX (UNSEEN 0)', 'c OK Completed']);
  anna.close();
  bob.close();
});
