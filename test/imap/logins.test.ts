import { expect, test } from 'vitest';
import { Logins } from '../../lib/auth/logins.ts';
import { ImapClient } from '../support/imap-client.ts';
import { openImapGateway } from '../support/imap-gateway.ts';
import { until } from '../support/until.ts';

const TOO_MANY = 'NO [LIMIT] Too many sessions of this user: end another one first';

test('a user has so many sessions at a time, and others are served nevertheless (maxlogins_per_user)', async () => {
  await using gateway = await openImapGateway({ users: ['anna', 'bert'], logins: new Logins(2) });
  const connect = async (): Promise<ImapClient> => {
    const client = await ImapClient.connect(gateway.port);
    await client.line();
    return client;
  };
  const logIn = async (client: ImapClient, user = 'anna') => (await client.say('a', `LOGIN ${user} secret`)).at(-1);
  const [first, second, third] = [await connect(), await connect(), await connect()];
  expect(await logIn(first)).toMatch(/^a OK/);
  expect(await logIn(second)).toMatch(/^a OK/);
  expect(await logIn(third)).toBe(`a ${TOO_MANY}`);
  const plain = Buffer.from('\0anna\0secret').toString('base64');
  expect((await third.say('b', `AUTHENTICATE PLAIN ${plain}`)).at(-1)).toBe(`b ${TOO_MANY}`);
  expect(await logIn(third, 'bert')).toMatch(/^a OK/);
  // A session that is nobody's any more counts no more (RFC 8437), and neither does one whose client went away.
  expect((await first.say('b', 'UNAUTHENTICATE')).at(-1)).toMatch(/^b OK/);
  const fourth = await connect();
  expect(await logIn(fourth)).toMatch(/^a OK/);
  expect(await logIn(first)).toBe(`a ${TOO_MANY}`);
  second.close();
  await until('there is room', async () => (await logIn(first))?.startsWith('a OK') ?? false);
  expect(gateway.errors).toEqual([]);
});
