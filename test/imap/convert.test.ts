import { expect, test } from 'vitest';
import { ImapClient } from '../support/imap-client.ts';
import { openImapGateway } from '../support/imap-gateway.ts';

test('CONVERT has limits of messages, parts and octets (RFC 5259 §8.5, §13)', async () => {
  const limits = { convertMessages: 2, convertParts: 1, convertTextBytes: 100 };
  await using gateway = await openImapGateway({ limits });
  const client = await ImapClient.loggedIn(gateway.port);
  for (const length of [100, 101, 1]) await client.append('INBOX', `Subject: x\r\n\r\n${'x'.repeat(length)}`);
  await client.say('s', 'SELECT INBOX');
  expect(await client.say('a', 'CONVERT 1:3 ("text/plain") BINARY.SIZE[1]')).toEqual([
    'a NO [MAXCONVERTMESSAGES 2] Too many messages at once',
  ]);
  expect(await client.say('b', 'CONVERT 1:2 ("text/plain") (BINARY.SIZE[1] BINARY.SIZE[2])')).toEqual([
    'b NO [MAXCONVERTPARTS 1] Too many parts at once',
  ]);
  expect(await client.say('c', 'CONVERT 1:2 ("text/plain") BINARY.SIZE[1]')).toEqual([
    '* 1 CONVERTED (TAG "c") (BINARY.SIZE[1] 100)',
    '* 2 CONVERTED (TAG "c") (BINARY.SIZE[1] (ERROR "A part of more than 100 octets is not converted" BADPARAMETERS "text/plain" "text/plain"))',
    'c OK Some conversions failed',
  ]);
  client.close();
  expect(gateway.errors).toEqual([]);
});
