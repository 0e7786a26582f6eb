import { afterEach, beforeEach, expect, test } from 'vitest';
import { logIn, messagesIn, openPlace, type Place } from './support.ts';

const MAIL = 'From: bert@example.org\nMessage-ID: <1@example.org>\nSubject: Hello\n\nIt works.\n';
let place: Place;

beforeEach(async () => {
  place = await openPlace();
  await place.run(['user', 'add', 'anna', '--password-stdin'], { input: 'geheim' });
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
  expect(await deliver()).toMatchObject({ code: 64 });
  expect(await deliver('-f', 'a b', 'anna')).toMatchObject({ code: 64 });
  // Whatever is wrong with us must not bounce the mail.
  const broken = { env: { CIRRUS_TIMEOUT: 'soon' }, input: MAIL };
  expect(await place.run(['deliver', 'anna'], broken)).toMatchObject({ code: 75, err: /timeout: "soon"/ });
  const elsewhere = { env: { CIRRUS_CONFIGDIRECTORY: `${place.path}/elsewhere` }, input: MAIL };
  expect(await place.run(['deliver', 'anna'], elsewhere)).toMatchObject({ code: 75, err: /no mail store/ });
});
