import { afterEach, beforeEach, expect, test } from 'vitest';
import { OutboxFolder } from '../../lib/delivery/outbox-folder.ts';
import { Outgoing } from '../../lib/delivery/outgoing.ts';
import type { MailStore } from '../../lib/store/mail-store.ts';
import { listMail } from '../delivery/sieve-support.ts';
import { ImapClient } from '../support/imap-client.ts';
import { type ImapGateway, openImapGateway } from '../support/imap-gateway.ts';
import { openSmtpSink, type SmtpSink, smtpError } from '../support/smtp-sink.ts';
import { until } from '../support/until.ts';

let sink: SmtpSink;
let gateway: ImapGateway;
let client: ImapClient;
let stop: () => Promise<void>;
let outcomes: string[];
let isMultiple: boolean;
let hasRelay: boolean;

beforeEach(() => {
  [isMultiple, hasRelay, outcomes] = [false, true, []];
});
afterEach(async () => {
  client.close();
  await stop();
  await gateway[Symbol.asyncDispose]();
  await sink[Symbol.asyncDispose]();
  expect(gateway.errors).toEqual([]);
});

async function open(): Promise<void> {
  sink = await openSmtpSink();
  const outbox = (store: MailStore) => {
    const outgoing = new Outgoing(store, ({ to, outcome }) => outcomes.push(`${to} ${outcome}`));
    const sending = outgoing.run(sink.outbox);
    stop = () => sending.stop();
    return new OutboxFolder(store, hasRelay ? outgoing : undefined, {
      path: 'Postausgang',
      isMultiple,
      headerFrom: 'X-IMAP-Sender',
      servername: 'mail.example.com',
      domain: 'example.com',
    });
  };
  gateway = await openImapGateway({ users: ['anna', 'bert'], outbox });
  client = await ImapClient.loggedIn(gateway.port);
  await client.say('c', 'CREATE Postausgang');
}

const append = async (text: string, mailbox = 'Postausgang') => {
  const octets = Buffer.byteLength(text);
  client.send(`a APPEND ${mailbox} {${octets}+}\r\n${text}\r\n`);
  return (await client.until('a')).at(-1);
};
const sent = (count: number) =>
  until(`${count} are sent`, () => outcomes.filter((one) => one.endsWith(' sent')).length === count);
const last = async (command: string) => (await client.say('c', command)).at(-1);

const mail = `Return-Path: <forged@example.net>\r
From: Anna <anna@example.com>\r
To: Carl <carl@example.org>, local\r
Cc: "Carl, again" <CARL@example.org>, Group: dora@example.org;\r
Bcc: secret@example.org\r
X-IMAP-Sender: somebody@else\r
Subject: hello\r
Date: Fri, 20 Nov 2026 10:11:12 +0100\r
Message-ID: <1@example.com>\r
\r
Hello\r
`;

test('what a user appends to the Outbox goes to all its recipients, once, without Bcc and with who has sent it', async () => {
  await open();
  expect((await client.say('c', 'CAPABILITY'))[0]).toMatch(/ XCOURIEROUTBOX=Postausgang\b/);
  expect(await append(mail)).toMatch(/^a OK \[APPENDUID/);
  await sent(4);
  expect(sink.mails.map(({ from, to }) => `${from} ${to}`).sort()).toEqual([
    'anna@example.com CARL@example.org',
    'anna@example.com dora@example.org',
    'anna@example.com local@example.com',
    'anna@example.com secret@example.org',
  ]);
  const [first] = sink.mails;
  expect(first?.text).toBe(
    mail
      .replace(/^Return-Path:.*\r\n/, '')
      .replace(/Bcc:.*\r\n/, '')
      .replace(/X-IMAP-Sender:.*\r\n/, '')
      .replace(/^/, 'X-IMAP-Sender: anna\r\n'),
  );
  // The answer was lost: the client appends it again.
  expect(await append(mail)).toMatch(/^a OK/);
  await until('it is known', () => outcomes.filter((one) => one.endsWith(' queued before')).length === 4);
  expect(sink.mails).toHaveLength(4);
});

test('COPY, MOVE and REPLACE send too; what is put elsewhere, or into the mailbox of another, is not sent', async () => {
  await open();
  const numbered = (id: number) =>
    mail.replace(/^To:[\s\S]*?Subject/m, `To: u${id}@example.org\r\nSubject`).replace('<1@', `<${id}@`);
  for (const id of [1, 2, 3]) expect(await append(numbered(id), 'INBOX')).toMatch(/^a OK/);
  await client.say('c', 'SELECT INBOX');
  expect(await last('COPY 1 Postausgang')).toMatch(/^c OK/);
  expect(await last('MOVE 2 Postausgang')).toMatch(/^c OK/);
  const text = numbered(4);
  client.send(`a REPLACE 1 Postausgang {${text.length}+}\r\n${text}\r\n`);
  expect((await client.until('a')).at(-1)).toMatch(/^a OK/);
  await sent(3);
  expect(sink.mails.map(({ to }) => to.join())).toEqual(['u1@example.org', 'u2@example.org', 'u4@example.org']);

  await client.say('c', 'SETACL Postausgang bert lrswi');
  const bert = await ImapClient.loggedIn(gateway.port, 'bert');
  await bert.append('"Other Users/anna/Postausgang"', numbered(5));
  bert.close();
  expect(await append(numbered(6))).toMatch(/^a OK/);
  await sent(4);
  expect(sink.mails.at(-1)?.to).toEqual(['u6@example.org']);
});

test('what cannot be sent is not put there: several at once, nobody to send to', async () => {
  await open();
  for (const id of [1, 2]) await append(mail.replace('<1@', `<${id}@`), 'INBOX');
  await client.say('c', 'SELECT INBOX');
  expect(await last('COPY 1:2 Postausgang')).toMatch(/^c NO \[LIMIT\] At most 1 message/);
  expect(await append('Subject: to nobody\r\n\r\nx\r\n')).toMatch(/^a NO \[CANNOT\] To, Cc and Bcc hold no address/);
  const crowd = Array.from({ length: 101 }, (_, i) => `u${i}@example.org`).join(',\r\n ');
  expect(await append(`To: ${crowd}\r\n\r\nx\r\n`)).toMatch(/^a NO \[LIMIT\]/);
  expect(await append(`To: a@b.c\r\nX: ${'x'.repeat(70_000)}\r\n\r\nx\r\n`)).toMatch(/^a NO \[TOOBIG\]/);
  expect(await last('STATUS Postausgang (MESSAGES)')).toMatch(/^c OK/);
  expect((await listMail(gateway.store, 'anna')).filter((line) => line.startsWith('Postausgang'))).toEqual([]);
  expect([outcomes, sink.mails]).toEqual([[], []]);
});

test('with outbox_multiple_send several go at once; fields that are missing are written', async () => {
  isMultiple = true;
  await open();
  for (const id of [1, 2]) await append(`To: u${id}@example.org\r\n\r\nx\r\n`, 'INBOX');
  await client.say('c', 'SELECT INBOX');
  expect(await last('COPY 1:2 Postausgang')).toMatch(/^c OK/);
  await sent(2);
  expect(sink.mails[0]?.text).toMatch(
    /^X-IMAP-Sender: anna\r\nFrom: anna@example.com\r\nDate: .*\r\nMessage-ID: <\S+@mail.example.com>\r\nTo: u1@example.org\r\n\r\nx\r\n$/,
  );
});

test('a message that the relay refuses comes back as a notice', async () => {
  await open();
  sink.answer = (to) => (to === 'dora@example.org' ? smtpError(550, 'no such user') : undefined);
  expect(await append(mail)).toMatch(/^a OK/);
  await sent(3);
  await until('it is given up', () => outcomes.includes('dora@example.org given up'));
  expect((await listMail(gateway.store, 'anna')).filter((line) => line.startsWith('INBOX'))).toEqual([
    'INBOX: Not sent: hello',
  ]);
});

test('without a relay nothing is taken', async () => {
  hasRelay = false;
  await open();
  expect(await append(mail)).toMatch(/^a NO \[CANNOT\] Nothing can be sent: no relay is configured/);
});
