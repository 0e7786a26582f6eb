import { once } from 'node:events';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import type { LmtpAccess } from '../../gateway/lmtp/access.ts';
import type { Listener } from '../../gateway/net/listener.ts';
import { ensureSelfSigned } from '../../gateway/net/self-signed.ts';
import { Certificate } from '../../gateway/net/tls.ts';
import { DirectoryAuthenticator } from '../../lib/auth/authenticator.ts';
import { hashPassword } from '../../lib/auth/password.ts';
import { lmtpLimits } from '../../lib/base/limits.ts';
import { openLog } from '../../lib/base/log.ts';
import { StoreError } from '../../lib/store/errors.ts';
import { addUser } from '../../lib/store/users.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openTestStore } from '../support/test-store.ts';
import { CollectingDelivery, LmtpClient, type LmtpSettings, openLmtp } from './support.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const PLAIN = (name: string, password: string): string => `AUTH PLAIN ${base64(`\0${name}\0${password}`)}`;

/** A server whose users are lmtpuser, who may deliver, and anna, who may not; both have the password `secret`. */
async function open(access: Partial<LmtpAccess> = {}, settings: LmtpSettings = {}) {
  const home = await openTestStore();
  closers.push(() => home.close());
  const verifier = await hashPassword('secret');
  for (const name of ['lmtpuser', 'anna']) await addUser(home.store, { name, verifier });
  const authenticator = new DirectoryAuthenticator(home.store, { wait: async () => undefined });
  const all = { authenticator, trusted: false, admins: ['lmtpuser'], allowPlaintext: true, ...access };
  const delivery = new CollectingDelivery();
  const listener: Listener = await openLmtp(delivery, { access: all, ...settings });
  closers.push(() => listener.drain());
  const client = await LmtpClient.connect(listener);
  closers.push(async () => void client.socket.destroy());
  return { client, delivery, listener };
}

const LHLO = (...auth: readonly string[]): string =>
  ['250-mail.example.com', '250-8BITMIME', ...auth, '250-CHUNKING', '250-ENHANCEDSTATUSCODES', '250-IGNOREQUOTA']
    .concat('250-PIPELINING', '250-SIZE', '250 SMTPUTF8')
    .join('\r\n');

test('who has not logged in delivers nothing; who has, does, and Received says so', async () => {
  const { client, delivery } = await open();
  await client.reply();
  expect(await client.say(PLAIN('lmtpuser', 'secret'))).toBe('503 5.5.1 Say LHLO first');
  expect(await client.say('LHLO mta')).toBe(LHLO('250-AUTH PLAIN LOGIN'));
  expect(await client.say('MAIL FROM:<a@example.com>')).toBe('430 Authentication required');
  expect(await client.say('RCPT TO:<b@example.com>')).toBe('503 5.5.1 Need MAIL before RCPT');
  expect(await client.say(PLAIN('lmtpuser', 'secret'))).toBe('235 2.7.0 Authentication successful');
  expect(await client.say(PLAIN('lmtpuser', 'secret'))).toBe('503 5.5.1 Already authenticated');
  expect(await client.say('LHLO mta')).toBe(LHLO());
  // RFC 4954 §5: Postfix says AUTH=<> whenever it has logged in.
  expect(await client.say('MAIL FROM:<a@example.com> AUTH=<>')).toBe('250 2.1.0 ok');
  expect(await client.say('AUTH PLAIN')).toBe('503 5.5.1 Already authenticated');
  await client.say('RCPT TO:<b@example.com>');
  await client.say('DATA');
  expect(await client.say('x\r\n.')).toBe('250 2.1.5 Ok');
  expect(delivery.mails[0]?.trace).toContain('\r\n\tby mail.example.com (Cirrus) with LMTPA;');
});

test('LOGIN, and every way to fail', async () => {
  const { client } = await open();
  await client.reply();
  await client.say('LHLO mta');
  for (const [said, heard] of [
    ['AUTH', '501 5.5.4 Syntax: AUTH mechanism [initial response]'],
    ['AUTH PLAIN a b', '501 5.5.4 Syntax: AUTH mechanism [initial response]'],
    ['AUTH GSSAPI', '504 5.5.4 This mechanism is not supported'],
    // Who is not trusted as it is cannot say to be.
    ['AUTH EXTERNAL =', '504 5.5.4 This mechanism is not supported'],
    ['AUTH PLAIN !', '501 5.5.2 The initial response is not base64'],
    ['AUTH PLAIN =', '501 5.5.2 This is not a response of the mechanism'],
    [PLAIN('lmtpuser', 'wrong'), '535 5.7.8 Authentication credentials invalid'],
    [PLAIN('nobody', 'secret'), '535 5.7.8 Authentication credentials invalid'],
    // The password is right, but the user is an ordinary one.
    [PLAIN('anna', 'secret'), '501 5.5.4 This user may not deliver (lmtp_admins)'],
    [`AUTH PLAIN ${base64('anna\0lmtpuser\0secret')}`, '501 5.5.4 This user may not deliver (lmtp_admins)'],
  ] as const) {
    expect([said, await client.say(said)]).toEqual([said, heard]);
  }
  expect(await client.say('AUTH PLAIN')).toBe('334 ');
  expect(await client.say('*')).toBe('501 5.7.0 Authentication was cancelled');
  expect(await client.say('AUTH PLAIN')).toBe('334 ');
  expect(await client.say('x'.repeat(lmtpLimits.lineBytes))).toBe('501 5.5.2 This is not a response of the mechanism');
  expect(await client.say('MAIL FROM:<a@example.com>')).toBe('430 Authentication required');
  expect(await client.say('auth login')).toBe(`334 ${base64('Username:')}`);
  expect(await client.say(base64('LMTPUSER'))).toBe(`334 ${base64('Password:')}`);
  expect(await client.say(base64('secret'))).toBe('235 2.7.0 Authentication successful');
  expect(await client.say('MAIL FROM:<a@example.com>')).toBe('250 2.1.0 ok');
});

test('too many failed logins end the session (failedLogins)', async () => {
  const { client } = await open({}, { limits: { ...lmtpLimits, failedLogins: 2 } });
  await client.reply();
  await client.say('LHLO mta');
  expect(await client.say(PLAIN('lmtpuser', 'wrong'))).toBe('535 5.7.8 Authentication credentials invalid');
  client.send(`${PLAIN('lmtpuser', 'wrong')}\r\n`);
  expect(await client.replies(3)).toEqual([
    '535 5.7.8 Authentication credentials invalid',
    '421 4.7.0 Too many failed logins',
    'END',
  ]);
});

test('a directory that cannot be read is a temporary failure', async () => {
  const unavailable = async (): Promise<never> => {
    throw new StoreError('unavailable', 'the disk is away');
  };
  const { client } = await open({ authenticator: { authenticate: unavailable, authorize: unavailable } });
  await client.reply();
  await client.say('LHLO mta');
  expect(await client.say(PLAIN('lmtpuser', 'secret'))).toBe('454 4.7.0 Temporary authentication failure');
});

test('a line without CR inside AUTH ends the session', async () => {
  const { client } = await open();
  await client.reply();
  await client.say('LHLO mta');
  await client.say('AUTH PLAIN');
  client.send('*\nMAIL FROM:<a@example.com>\r\n');
  expect(await client.replies(2)).toEqual(['500 5.5.2 Lines must end with CRLF', 'END']);
});

test('passwords only inside TLS; what was proved before TLS counts no more', async () => {
  await using folder = await temporaryFolder();
  const files = await ensureSelfSigned(join(folder.path, 'tls'), 'mail.example.com');
  const certificate = Certificate.open(files, openLog('silent'));
  const secureContext = () => certificate.context;
  const { client } = await open({ allowPlaintext: false }, { secureContext });
  await client.reply();
  expect(await client.say('LHLO mta')).not.toContain('AUTH');
  const refused = '538 5.7.11 Encryption required for requested authentication mechanism';
  expect(await client.say(PLAIN('lmtpuser', 'secret'))).toBe(refused);
  const startTls = async (via: LmtpClient): Promise<void> => {
    await via.say('STARTTLS');
    const plain = via.socket;
    plain.removeAllListeners('data');
    const secure = connectTls({ socket: plain, rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    via.listenTo(secure);
  };
  await startTls(client);
  expect(await client.say('LHLO mta')).toContain('\r\n250-AUTH PLAIN LOGIN\r\n');
  expect(await client.say(PLAIN('lmtpuser', 'secret'))).toBe('235 2.7.0 Authentication successful');
  const { client: early } = await open({}, { secureContext });
  await early.reply();
  await early.say('LHLO mta');
  expect(await early.say(PLAIN('lmtpuser', 'secret'))).toBe('235 2.7.0 Authentication successful');
  await startTls(early);
  await early.say('LHLO mta');
  expect(await early.say('MAIL FROM:<a@example.com>')).toBe('430 Authentication required');
});

test.each([
  ['loopback', undefined, true],
  [true, undefined, true],
  [false, undefined, false],
  [false, 'unix', true],
] as const)('lmtp_trusted %s over %s: %s', async (trusted, via, mayDeliver) => {
  await using folder = await temporaryFolder();
  const address = via === 'unix' ? { path: join(folder.path, 'lmtp') } : { host: '127.0.0.1', port: 0 };
  const { client } = await open({ trusted, allowPlaintext: false }, { address });
  await client.reply();
  const offered = via === 'unix' ? '250-AUTH PLAIN LOGIN EXTERNAL' : '250-AUTH EXTERNAL';
  expect(await client.say('LHLO mta')).toBe(mayDeliver ? LHLO(offered) : LHLO());
  const mail = await client.say('MAIL FROM:<a@example.com>');
  expect(mail).toBe(mayDeliver ? '250 2.1.0 ok' : '430 Authentication required');
  if (!mayDeliver) return;
  expect(await client.say('AUTH EXTERNAL =')).toBe('503 5.5.1 AUTH inside a transaction');
  await client.say('RSET');
  expect(await client.say('AUTH EXTERNAL')).toBe('334 ');
  expect(await client.say('*')).toBe('501 5.7.0 Authentication was cancelled');
  expect(await client.say('AUTH EXTERNAL =')).toBe('235 2.7.0 Authentication successful');
});
