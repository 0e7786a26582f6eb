import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { expect, test } from 'vitest';
import { ensureSelfSigned } from '../../gateway/net/self-signed.ts';
import { Certificate } from '../../gateway/net/tls.ts';
import { openLog } from '../../lib/base/log.ts';
import { StoreError } from '../../lib/store/errors.ts';
import { LOCK_MS, SKEW_MS } from '../../lib/store/maildrop-lock.ts';
import { ImapClient } from '../support/imap-client.ts';
import { openImapGateway } from '../support/imap-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/until.ts';

const opened = async (port: number): Promise<ImapClient> => {
  const client = await ImapClient.connect(port);
  expect(await client.line()).toBe('+OK mail.example.com Cirrus POP3 server ready');
  return client;
};

const say = (client: ImapClient, command: string): Promise<string> => {
  client.send(`${command}\r\n`);
  return client.line();
};

const list = async (client: ImapClient, command: string): Promise<string[]> => {
  const lines = [await say(client, command)];
  while (lines.at(-1) !== '.' && lines.at(-1) !== 'END') lines.push(await client.line());
  return lines;
};

const logIn = async (client: ImapClient): Promise<string> => {
  await say(client, 'USER anna');
  return say(client, 'PASS secret');
};

test('STLS: what was sent in clear behind it is thrown away, and CAPA is another afterwards (RFC 2595 §4)', async () => {
  await using folder = await temporaryFolder();
  const files = await ensureSelfSigned(join(folder.path, 'tls'), 'mail.example.com');
  const certificate = Certificate.open(files, openLog('silent'));
  await using gateway = await openImapGateway({ allowPlaintext: false, secureContext: () => certificate.context });
  const client = await opened(gateway.pop3Port);
  const before = await list(client, 'CAPA');
  expect(before).toContain('STLS');
  expect(before).not.toContain('USER');
  expect(before.some((line) => line.startsWith('SASL'))).toBe(false);
  expect(await say(client, 'USER anna')).toMatch(/^-ERR/);
  client.send('STLS\r\nLANG de\r\n');
  expect(await client.line()).toBe('+OK Begin TLS negotiation now');
  client.listenTo(connectTls({ socket: client.socket, rejectUnauthorized: false }));
  const after = await list(client, 'CAPA');
  expect(after[0]).toBe('+OK Capability list follows');
  expect(after).toEqual(expect.arrayContaining(['USER', 'SASL PLAIN LOGIN']));
  expect(after).not.toContain('STLS');
  expect(await say(client, 'STLS')).toBe('-ERR TLS is active already');
  expect(await logIn(client)).toMatch(/^\+OK/);
  client.close();
});

test('pipelined commands are answered in order', async () => {
  await using gateway = await openImapGateway();
  const client = await opened(gateway.pop3Port);
  client.send('USER anna\r\nPASS secret\r\nSTAT\r\nLIST\r\nUIDL\r\nNOOP\r\nQUIT\r\n');
  const lines: string[] = [];
  for (let line = await client.line(); line !== 'END'; line = await client.line()) lines.push(line);
  expect(lines).toEqual([
    '+OK Password required',
    '+OK Mailbox locked and ready, 0 messages (0 octets)',
    '+OK 0 0',
    '+OK 0 messages (0 octets)',
    '.',
    '+OK Unique ids follow',
    '.',
    '+OK Done',
    '+OK Goodbye',
  ]);
});

test('the lock holds at another gateway, ends with the connection, and deletes nothing then', async () => {
  await using one = await openImapGateway();
  await using two = await openImapGateway({ home: one.home });
  const imap = await ImapClient.loggedIn(one.port);
  await imap.append('INBOX', 'Subject: x\r\n\r\nbody\r\n');
  const first = await opened(one.pop3Port);
  expect(await logIn(first)).toMatch(/^\+OK/);
  expect(await say(first, 'DELE 1')).toMatch(/^\+OK/);
  const second = await opened(two.pop3Port);
  expect(await logIn(second)).toMatch(/^-ERR \[IN-USE\]/);
  first.close();
  await until('the lock is free', async () => (await logIn(second)).startsWith('+OK'));
  expect(await say(second, 'STAT')).toBe('+OK 1 20');
  imap.close();
  second.close();
});

test('the lock of a lost gateway ends with its time, whatever the clocks', async () => {
  const clock = { ms: 1_795_000_000_000, now: () => clock.ms };
  await using one = await openImapGateway({ clock });
  const later = { ms: clock.ms, now: () => later.ms };
  await using two = await openImapGateway({ home: one.home, clock: later });
  const lost = await opened(one.pop3Port);
  expect(await logIn(lost)).toMatch(/^\+OK/);
  const client = await opened(two.pop3Port);
  // A clock that is ahead does not take a lock that is held.
  later.ms = clock.ms + LOCK_MS + SKEW_MS - 1;
  expect(await logIn(client)).toMatch(/^-ERR \[IN-USE\]/);
  later.ms = clock.ms - SKEW_MS;
  expect(await logIn(client)).toMatch(/^-ERR \[IN-USE\]/);
  later.ms = clock.ms + LOCK_MS + SKEW_MS;
  expect(await logIn(client)).toMatch(/^\+OK/);
  // Who comes back ends with what it had marked unmarked, and does not take the lock away from its new owner.
  lost.close();
  const third = await opened(two.pop3Port);
  expect(await logIn(third)).toMatch(/^-ERR \[IN-USE\]/);
  client.close();
  third.close();
});

test('unique ids stay over sessions, restarts and the RENAME of INBOX (Rule 6)', async () => {
  await using one = await openImapGateway();
  const imap = await ImapClient.loggedIn(one.port);
  await imap.append('INBOX', 'Subject: 1\r\n\r\n');
  await imap.append('INBOX', 'Subject: 2\r\n\r\n');
  const ids = async (port: number): Promise<string[]> => {
    const client = await opened(port);
    await until('the lock is free', async () => (await logIn(client)).startsWith('+OK'));
    const lines = await list(client, 'UIDL');
    expect(await say(client, 'QUIT')).toBe('+OK Goodbye');
    return lines.slice(1, -1);
  };
  const before = await ids(one.pop3Port);
  expect(before).toHaveLength(2);
  for (const line of before) expect(line).toMatch(/^\d \S{1,70}$/);
  await using two = await openImapGateway({ home: one.home });
  expect(await ids(two.pop3Port)).toEqual(before);
  // RENAME of INBOX leaves an empty one: its messages have ids that no message ever had.
  expect((await imap.say('r', 'RENAME INBOX Old')).at(-1)).toMatch(/^r OK/);
  await imap.append('INBOX', 'Subject: 1\r\n\r\n');
  const after = await ids(one.pop3Port);
  expect(after).toHaveLength(1);
  expect(before).not.toContain(after[0]);
  imap.close();
});

test.each([
  [{ loginMs: 50 }, async () => undefined],
  [{ idleMs: 50 }, logIn],
] as const)('a silent client is disconnected without a word: %o', async (pop3Limits, begin) => {
  await using gateway = await openImapGateway({ pop3Limits });
  const client = await opened(gateway.pop3Port);
  await begin(client);
  expect(await client.line()).toBe('END');
});

test('limits: lineBytes, badCommands, failedLogins', async () => {
  await using gateway = await openImapGateway({ pop3Limits: { lineBytes: 64, badCommands: 3, failedLogins: 2 } });
  const client = await opened(gateway.pop3Port);
  expect(await say(client, 'x'.repeat(100))).toBe('-ERR The line is too long');
  expect(await say(client, 'NOPE')).toBe('-ERR Unknown command');
  expect(await say(client, 'CAPA x')).toBe('-ERR Syntax: CAPA');
  expect(await client.line()).toBe('END');
  const other = await opened(gateway.pop3Port);
  for (let i = 0; i < 2; i++) expect(await say(other, 'AUTH PLAIN AGFubmEAd3Jvbmc=')).toBe('-ERR [AUTH] Invalid login');
  expect(await other.line()).toBe('END');
  const third = await opened(gateway.pop3Port);
  expect(await say(third, 'NOOP\n')).toMatch(/^-ERR/);
  third.close();
});

test.each([{ aheadBytes: 1 }, { aheadMessages: 2, pieceBytes: 7 }, {}])(
  'messages come as they are: %o',
  async (pop3Limits) => {
    await using gateway = await openImapGateway({ pop3Limits: { ...pop3Limits, linesAtOnce: 3 } });
    const imap = await ImapClient.loggedIn(gateway.port);
    const messages = Array.from({ length: 12 }, (_, i) =>
      `Subject: ${i}\r\n\r\n.${i}\r\n..\r\n.\r\nend\r\n`.repeat(1 + i),
    );
    for (const message of messages) await imap.append('INBOX', message);
    const client = await opened(gateway.pop3Port);
    await logIn(client);
    expect(await list(client, 'LIST')).toHaveLength(14);
    for (const number of [1, 2, 3, 4, 12, 11, 5, 6, 7, 8, 9, 10]) {
      const [head, ...lines] = await list(client, `RETR ${number}`);
      const message = messages[number - 1] ?? '';
      expect(head).toBe(`+OK ${message.length} octets`);
      expect(
        lines
          .slice(0, -1)
          .map((line) => `${line.replace(/^\./, '')}\r\n`)
          .join(''),
      ).toBe(message);
    }
    imap.close();
    client.close();
  },
);

test('when the store fails at QUIT nothing is deleted, and the client is told', async () => {
  await using gateway = await openImapGateway();
  const imap = await ImapClient.loggedIn(gateway.port);
  await imap.append('INBOX', 'Subject: x\r\n\r\n');
  const client = await opened(gateway.pop3Port);
  await logIn(client);
  await say(client, 'DELE 1');
  const { index } = gateway.store.context;
  const put = index.put.bind(index);
  Object.assign(index, { put: () => Promise.reject(new StoreError('unavailable', 'the disk is full')) });
  expect(await say(client, 'QUIT')).toMatch(/^-ERR \[SYS\/TEMP\]/);
  Object.assign(index, { put });
  expect(await client.line()).toBe('END');
  expect((await imap.say('a', 'STATUS INBOX (MESSAGES)'))[0]).toContain('MESSAGES 1');
  imap.close();
});
