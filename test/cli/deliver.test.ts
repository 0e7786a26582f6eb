import { afterEach, beforeEach, expect, test } from 'vitest';
import { addUsers } from '../support/add-users.ts';
import { logIn, messagesIn, openPlace, type Place } from './support.ts';

const MAIL = 'From: bert@example.org\nMessage-ID: <1@example.org>\nSubject: Hello\n\nIt works.\n';
let place: Place;

beforeEach(async () => {
  place = await openPlace();
  await addUsers(place.data, ['anna'], 'geheim');
});
afterEach(() => place[Symbol.asyncDispose]());

test('stores the message with CRLF and its trace, and no other line in front', async () => {
  const input = `From bert Fri Nov 20 13:10:00 2026\nReturn-Path: <old@example.org>\n${MAIL}`;
  expect(await place.run(['deliver', '-f', 'bert@example.org', 'anna'], { input })).toEqual({
    code: 0,
    out: '',
    err: '',
  });
  const [message] = await messagesIn(place.data, 'anna', 'INBOX');
  expect(message?.bytes).toMatch(
    /^Return-Path: <bert@example.org>\r\nDelivered-To: anna\r\nReceived: by \S+ \(Cirrus\)[^\r]*;\r\n\t[^\r]+\r\nFrom: bert/,
  );
  expect(message?.bytes.endsWith(MAIL.replaceAll('\n', '\r\n'))).toBe(true);
});

test('a message that begins with a body only is kept whole', async () => {
  await place.run(['deliver', 'anna'], { input: '\nFrom here on\n' });
  const [message] = await messagesIn(place.data, 'anna', 'INBOX');
  expect(message?.bytes.endsWith('\r\n\r\nFrom here on\r\n')).toBe(true);
});

test('a session that idles on a server learns of it at once', async () => {
  const server = await place.serve();
  const [client] = await logIn(server.imaps, 'anna', 'geheim');
  await client.say('b', 'SELECT INBOX');
  client.send('c IDLE\r\n');
  expect(await client.line()).toMatch(/^\+/);
  expect(await place.run(['deliver', 'anna'], { input: MAIL })).toMatchObject({ code: 0 });
  expect(await client.line()).toBe('* 1 EXISTS');
});

test('exit codes tell the MTA what to do', async () => {
  const deliver = (...args: string[]) => place.run(['deliver', ...args], { input: MAIL });
  expect(await deliver('nobody')).toEqual({ code: 67, out: '', err: 'cirrus: nobody: Mailbox does not exist\n' });
  // Anna gets hers all the same.
  expect(await deliver('anna', 'nobody')).toMatchObject({ code: 67 });
  expect((await messagesIn(place.data, 'anna', 'INBOX')).length).toBe(1);
  expect(await deliver()).toMatchObject({ code: 64, err: /name at least one user/ });
  expect(await deliver('-l', 'anna')).toMatchObject({ code: 64 });
  expect(await deliver('-m', 'a\r\nb', 'anna')).toMatchObject({ code: 64 });
  expect(await deliver('-f', 'a b', 'anna')).toMatchObject({ code: 64 });
  // Whatever is wrong with us must not bounce the mail.
  const broken = { env: { CIRRUS_TIMEOUT: 'soon' }, input: MAIL };
  expect(await place.run(['deliver', 'anna'], broken)).toMatchObject({ code: 75, err: /timeout: "soon"/ });
  const elsewhere = { env: { CIRRUS_CONFIGDIRECTORY: `${place.path}/elsewhere` }, input: MAIL };
  expect(await place.run(['deliver', 'anna'], elsewhere)).toMatchObject({ code: 75, err: /no mail store/ });
});

/** Over IMAP: who may do what is the business of the owner. */
async function setAcl(mailbox: string, identifier: string): Promise<void> {
  const server = await place.serve();
  const [client] = await logIn(server.imaps, 'anna', 'geheim');
  await client.say('b', `CREATE ${mailbox}`);
  await client.say('c', `SETACL ${mailbox} ${identifier} p`);
  server.process.kill('SIGTERM');
  await server.ended;
}

test('-m, -a: into a mailbox that lets the sender post, else into INBOX; -r is the sender, -e is taken', async () => {
  await setAcl('"Mail; lists"', 'bert');
  const deliver = (...args: string[]) =>
    place.run(['deliver', ...args], { input: MAIL.replace('<1', `<${args.length}`) });
  const done = { code: 0, out: '', err: '' };
  expect(await deliver('-e', '-a', 'bert', '-r', 'bert@example.org', '-m', 'Mail; lists', 'anna@localhost')).toEqual(
    done,
  );
  const [message, ...more] = await messagesIn(place.data, 'anna', 'Mail; lists');
  expect(more).toEqual([]);
  expect(message?.bytes).toMatch(/^Return-Path: <bert@example.org>\r\nDelivered-To: "anna\+Mail; lists"@localhost\r\n/);
  expect(await deliver('-m', 'Mail; lists', 'anna')).toEqual(done);
  // Postfix: an address without extension gives none.
  expect(await deliver('-e', '-r', '', '-m', '', 'anna')).toEqual(done);
  expect(await deliver('-m', 'None', 'anna')).toMatchObject({ code: 0 });
  const inbox = await messagesIn(place.data, 'anna', 'INBOX');
  expect(inbox.map(({ bytes }) => /^Delivered-To: (.*)\r$/m.exec(bytes)?.[1])).toEqual(['"anna+Mail; lists"', 'anna']);
});

test('-q: a full mailbox takes it too', async () => {
  await place.run(['user', 'quota', 'anna', '1K']);
  const input = `${MAIL}${'x'.repeat(2000)}\n`;
  expect(await place.run(['deliver', 'anna'], { input })).toMatchObject({ code: 0 });
  expect(await place.run(['deliver', 'anna'], { input })).toMatchObject({
    code: 75,
    err: 'cirrus: anna: Over quota\n',
  });
  const permanent = { env: { CIRRUS_LMTP_OVER_QUOTA_PERM_FAILURE: 'on' }, input };
  expect(await place.run(['deliver', 'anna'], permanent)).toMatchObject({ code: 73 });
  expect(await place.run(['deliver', '-q', 'anna'], { input: input.replace('<1', '<2') })).toMatchObject({ code: 0 });
  expect(await messagesIn(place.data, 'anna', 'INBOX')).toHaveLength(2);
});

test('-l: LMTP on standard input and output', async () => {
  const lines = ['LHLO mta', 'MAIL FROM:<bert@example.org>', 'RCPT TO:<anna>', 'RCPT TO:<nobody>', 'DATA'];
  const input = [...lines, ...MAIL.trimEnd().split('\n'), '.', 'QUIT', ''].join('\r\n');
  const { code, out, err } = await place.run(['deliver', '-l'], { input });
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/^220 \S+ LMTP Cirrus ready\r\n250-/);
  expect(out).toMatch(
    /\r\n250 2\.1\.5 ok\r\n550-.*\r\n550-.*\r\n550 5\.1\.1 User unknown\r\n354 go ahead\r\n250 2\.1\.5 Ok\r\n221 2\.0\.0 bye\r\n$/,
  );
  const [message] = await messagesIn(place.data, 'anna', 'INBOX');
  expect(message?.bytes).toMatch(
    /^Return-Path: <bert@example.org>\r\nDelivered-To: anna\r\nReceived: from mta \(\[unix socket\]\)/,
  );
  // A client that goes away in the middle leaves nothing.
  const cut = input.slice(0, input.indexOf('It works'));
  expect(await place.run(['deliver', '-l'], { input: cut })).toMatchObject({ code: 0 });
  expect(await messagesIn(place.data, 'anna', 'INBOX')).toHaveLength(1);
});
