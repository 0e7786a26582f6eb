import { expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { message, openSieveHome, type SieveHome } from './sieve-support.ts';

const SUCCESS = {
  ofMail: ' RET=HDRS ENVID=QQ+2B314159',
  ofRcpt: ' NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Anna+2Bx@example.com',
};

async function sent(home: SieveHome, count: number) {
  await until(`${count} were sent`, () => home.outgoing.filter((line) => line.endsWith(' sent')).length >= count);
  return home.sink.mails.map(({ to, text }) => `${to[0]} ${/^Action: (.*)\r$/m.exec(text)?.[1] ?? ''}`.trim());
}

it('tells who wants to know that a message has arrived, once (RFC 3461 §6, RFC 3464)', async () => {
  await using home = await openSieveHome({ relay: true });
  const to = ['anna+lists@example.com'];
  for (let i = 0; i < 2; i++) await home.send(message('Hi', 'Bcc: secret@example.org\n'), { ...SUCCESS, to });
  expect(await sent(home, 1)).toEqual(['sender@example.org delivered']);
  const [{ from, notify, text } = { from: '-', notify: '', text: '' }] = home.sink.mails;
  expect([from, notify]).toEqual(['', 'NEVER']);
  for (const line of [
    'From: Mail delivery <MAILER-DAEMON@example.com>',
    'In-Reply-To: <Hi@example.org>',
    'Auto-Submitted: auto-replied',
    'Content-Type: multipart/report; report-type=delivery-status;',
    'Your message has been delivered to anna+lists@example.com.',
  ]) {
    expect(text).toContain(`${line}\r\n`);
  }
  expect(text).toContain(
    'Content-Type: message/delivery-status\r\n\r\nOriginal-Envelope-Id: QQ+314159\r\nReporting-MTA: dns;mail.example.com\r\n\r\n' +
      'Original-Recipient: rfc822;Anna+x@example.com\r\nFinal-Recipient: rfc822;anna+lists@example.com\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n--',
  );
  expect(text).toContain('\r\nSubject: Hi\r\n');
  expect(text).not.toContain('secret');
  expect(await home.mail()).toEqual(['INBOX: Hi']);
});

it('says what became of it as far as that is for the sender to know, and nothing that was not asked for', async () => {
  await using home = await openSieveHome({ relay: true });
  await home.script('discard;');
  await home.send(message('Discarded'), SUCCESS);
  expect(await sent(home, 1)).toEqual(['sender@example.org delivered']);
  await home.script('redirect "there@example.net";');
  await home.send(message('On'), SUCCESS);
  expect((await sent(home, 3)).slice(1).sort()).toEqual(['sender@example.org relayed', 'there@example.net']);
  await home.script('require "ereject"; ereject "No.";');
  expect(await home.send(message('Refused'), SUCCESS)).toEqual(['550 5.7.1 No.']);
  await home.script('keep;');
  await home.send(message('Nobody'), { ...SUCCESS, from: '' });
  for (const ofRcpt of ['', ' NOTIFY=NEVER', ' NOTIFY=DELAY,FAILURE'])
    await home.send(message(`Not${ofRcpt}`), { ofRcpt });
  expect(home.outgoing.filter((line) => line === 'report sender@example.org queued')).toHaveLength(2);
  expect(await home.mail()).toHaveLength(4);
});

it('a sender who wants no reports gets none of where the message is sent on to, either', async () => {
  await using home = await openSieveHome({ relay: true });
  await home.script('require "redirect-dsn"; redirect "a@example.net"; redirect :notify "FAILURE" "b@example.net";');
  await home.send(message('Hi'), { ofRcpt: ' NOTIFY=NEVER' });
  await sent(home, 2);
  expect(home.sink.mails.map(({ from, to, notify }) => [to[0], from, notify].join(' ')).sort()).toEqual([
    'a@example.net sender@example.org NEVER',
    'b@example.net anna@example.com FAILURE',
  ]);
});

it('scripts see what the sender has said (RFC 6009 §4)', async () => {
  await using home = await openSieveHome({ relay: true });
  const parts = ['notify', 'orcpt', 'ret', 'envid'].map(
    (part) => `if envelope :matches "${part}" "*" { addflag "${part}=\${1}"; }`,
  );
  await home.script(`require ["envelope","envelope-dsn","variables","imap4flags","relational"]; ${parts.join(' ')}
    if envelope :count "eq" "notify" "2" { addflag "two"; }`);
  await home.send(message('Hi'), { ...SUCCESS, ofRcpt: SUCCESS.ofRcpt.replace('SUCCESS', 'DELAY') });
  await home.send(message('Ho'));
  expect(home.failures).toEqual([]);
  expect(await home.mail()).toEqual([
    'INBOX: Hi [notify=DELAY orcpt=rfc822;Anna+x@example.com ret=HDRS envid=QQ+314159 two]',
    'INBOX: Ho',
  ]);
});

it('writes an original recipient that is not ASCII in letters that are (RFC 6533 §3)', async () => {
  await using home = await openSieveHome({ relay: true });
  await home.send(message('Hi'), { ofRcpt: ' NOTIFY=SUCCESS ORCPT=utf-8;b+C3+BCcher@example.com' });
  await sent(home, 1);
  expect(home.sink.mails[0]?.text).toContain('\r\nOriginal-Recipient: utf-8;b\\x{FC}cher@example.com\r\n');
});
