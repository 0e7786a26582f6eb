import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lmtpLimits } from '../../lib/base/limits.ts';
import { lmtpServers } from './servers.ts';

const { folder, open } = lmtpServers();

describe('a delivery', () => {
  test('as an MTA does it', async () => {
    const { delivery, client } = await open();
    await client.play(`
      S: 220 mail.example.com LMTP Cirrus ready
      C: LHLO mta.example.com
      S: 250-mail.example.com
      S: 250-8BITMIME
      S: 250-CHUNKING
      S: 250-ENHANCEDSTATUSCODES
      S: 250-IGNOREQUOTA
      S: 250-PIPELINING
      S: 250-SIZE
      S: 250 SMTPUTF8
      C: MAIL FROM:<sender@example.com> SIZE=42 BODY=8BITMIME
      S: 250 2.1.0 ok
      C: RCPT TO:<geeko@example.com>
      S: 250 2.1.5 ok
      C: DATA
      S: 354 go ahead
      C: Subject: hello
      C:
      C: ..
      C: .
      S: 250 2.1.5 Ok
      C: QUIT
      S: 221 2.0.0 bye
      S: END
    `);
    expect(delivery.sizes).toEqual([42]);
    expect(delivery.mails).toEqual([
      {
        sender: 'sender@example.com',
        recipients: ['geeko@example.com'],
        trace: expect.any(String),
        body: 'Subject: hello\r\n\r\n.\r\n',
      },
    ]);
  });

  test('trace headers say how it came', async () => {
    const { delivery, client } = await open({ clock: { now: () => Date.UTC(2026, 10, 20, 12, 26, 3) } });
    await client.begin();
    await client.say('DATA');
    await client.say('.');
    expect(delivery.mails[0]?.trace).toMatch(
      /^Return-Path: <a@example\.com>\r\nDelivered-To: r0@example\.com\r\nReceived: from client\.example \(\[127\.0\.0\.1\]\)\r\n\tby mail\.example\.com \(Cirrus\) with LMTP;\r\n\tFri, 20 Nov 2026 \d\d:\d\d:03 [+-]\d{4}\r\n$/,
    );
    const date = delivery.mails[0]?.trace.split(';')[1] ?? '';
    expect(Date.parse(date)).toBe(Date.UTC(2026, 10, 20, 12, 26, 3));
  });

  test('over a Unix socket, from the null reverse-path', async () => {
    const { delivery, client } = await open({ address: { path: join(folder, 'lmtp') } });
    await client.play(`
      S: 220 mail.example.com LMTP Cirrus ready
      C: LHLO [192.0.2.1]
      S: 250-mail.example.com
      S: 250-8BITMIME
      S: 250-CHUNKING
      S: 250-ENHANCEDSTATUSCODES
      S: 250-IGNOREQUOTA
      S: 250-PIPELINING
      S: 250-SIZE
      S: 250 SMTPUTF8
      C: mail from:<>
      S: 250 2.1.0 ok
      C: rcpt to:<geeko>
      S: 250 2.1.5 ok
      C: data
      S: 354 go ahead
      C: .
      S: 250 2.1.5 Ok
    `);
    expect(delivery.mails[0]?.trace).toContain(
      'Return-Path: <>\r\nDelivered-To: geeko\r\nReceived: from [192.0.2.1] ([unix socket])\r\n',
    );
  });

  test('there is one Return-Path, and Delivered-To tells nobody of others', async () => {
    const { delivery, client } = await open();
    await client.begin(2);
    await client.say('DATA');
    client.send('return-path: <forged@example.com>\r\n\tfolded\r\nSubject: x\r\n\r\nReturn-Path: text\r\n.\r\n');
    await client.replies(2);
    expect(delivery.mails[0]?.trace).toMatch(/^Return-Path: <a@example\.com>\r\nReceived:/);
    expect(delivery.mails[0]?.body).toBe('Subject: x\r\n\r\nReturn-Path: text\r\n');
  });

  test('several transactions in one connection, RSET between', async () => {
    const { delivery, client } = await open();
    await client.begin();
    expect(await client.say('RSET')).toBe('250 2.0.0 ok');
    expect(await client.say('DATA')).toBe('503 5.5.1 Need MAIL before DATA');
    for (const word of ['one', 'two']) {
      await client.say(`MAIL FROM:<${word}@example.com>`);
      await client.say('RCPT TO:<r@example.com>');
      await client.say('DATA');
      expect(await client.say(`${word}\r\n.`)).toBe('250 2.1.5 Ok');
    }
    expect(delivery.mails.map((mail) => mail.body)).toEqual(['one\r\n', 'two\r\n']);
  });

  test('each recipient gets its own answer, doubles too', async () => {
    const { delivery, client } = await open();
    await client.begin(0);
    expect(await client.say('RCPT TO:<unknown@example.com>')).toBe(
      '550-Mailbox unknown.  Either there is no mailbox associated with this\r\n' +
        '550-name or you do not have authorization to see it.\r\n' +
        '550 5.1.1 User unknown',
    );
    expect(await client.say('RCPT TO:<bad@example.com>')).toBe('553 5.1.3 some text');
    expect(await client.say('RCPT TO:<full@example.com>')).toBe('452 4.2.2 Over quota');
    expect(await client.say('RCPT TO:<closed@example.com>')).toMatch(
      /^550-You do not have permission to post .*\r\n550 5\.7\.1 Permission denied$/s,
    );
    expect(await client.say('RCPT TO:<big@example.com>')).toBe('552 5.2.3 some text');
    expect(await client.say('RCPT TO:<many@example.com>')).toBe('452 4.5.3 some text');
    expect(await client.say('RCPT TO:<ill@example.com>')).toBe('451 4.3.0 try 250 later');
    expect(await client.say('DATA')).toBe('503 5.5.1 No recipients');
    for (const name of ['a', 'late-full', 'a', 'late-unknown', 'b']) {
      expect(await client.say(`RCPT TO:<${name}@example.com>`)).toBe('250 2.1.5 ok');
    }
    await client.say('DATA');
    client.send('x\r\n.\r\n');
    expect((await client.replies(5)).map((reply) => reply.slice(0, 3))).toEqual(['250', '452', '250', '550', '250']);
    expect(delivery.mails[0]?.recipients.length).toBe(5);
    expect(await client.say('NOOP')).toBe('250 2.0.0 ok');
  });

  test('a full mailbox can be a permanent failure', async () => {
    const { client } = await open({ overQuotaIsPermanent: true });
    await client.begin(0);
    expect(await client.say('RCPT TO:<full@example.com>')).toBe('552 5.2.2 Over quota');
  });

  test('1000 recipients and the message in one segment', async () => {
    const { delivery, client } = await open();
    const rcpts = Array.from({ length: 1000 }, (_, i) => `RCPT TO:<r${i}@example.com>\r\n`).join('');
    client.send(`LHLO c\r\nMAIL FROM:<a@example.com>\r\n${rcpts}DATA\r\nHello\r\n.\r\nQUIT\r\n`);
    const replies = await client.replies(1 + 1 + 1 + 1000 + 1 + 1000 + 1);
    expect(replies.slice(3, 1003).every((reply) => reply === '250 2.1.5 ok')).toBe(true);
    expect(replies[1003]).toBe('354 go ahead');
    expect(replies.slice(1004, 2004).every((reply) => reply === '250 2.1.5 Ok')).toBe(true);
    expect(replies[2004]).toBe('221 2.0.0 bye');
    expect(delivery.mails[0]?.recipients.length).toBe(1000);
    expect(delivery.mails[0]?.recipients.at(-1)).toBe('r999@example.com');
  });

  test('more recipients than the limit wait for another transaction', async () => {
    const { client } = await open({ limits: { ...lmtpLimits, recipients: 2 } });
    await client.begin(2);
    expect(await client.say('RCPT TO:<c@example.com>')).toBe('452 4.5.3 Too many recipients');
    await client.say('DATA');
    client.send('.\r\nNOOP\r\n');
    expect(await client.replies(3)).toEqual(['250 2.1.5 Ok', '250 2.1.5 Ok', '250 2.0.0 ok']);
  });
});

describe('order and syntax', () => {
  test.each([
    ['HELO client', '500 5.5.1 This is LMTP: say LHLO'],
    ['EHLO client', '500 5.5.1 This is LMTP: say LHLO'],
    ['LHLO', '501 5.5.4 Syntax: LHLO hostname'],
    ['LHLO a(b)', '501 5.5.4 Syntax: LHLO hostname'],
    ['MAIL FROM:<a@example.com>', '503 5.5.1 Say LHLO first'],
    ['RCPT TO:<a@example.com>', '503 5.5.1 Need MAIL before RCPT'],
    ['DATA', '503 5.5.1 Need MAIL before DATA'],
    ['DATA x', '501 5.5.4 Syntax: DATA'],
    ['STARTTLS', '502 5.5.1 STARTTLS not available'],
    ['VRFY geeko', '252 2.3.3 try RCPT to attempt delivery'],
    ['NOOP whatever', '250 2.0.0 ok'],
    ['HELP', '214 2.0.0 LHLO AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY STARTTLS QUIT'],
    ['', '500 5.5.1 Unknown command'],
    ['XYZZY', '500 5.5.1 Unknown command'],
    ['NOOP\0', '500 5.5.2 Syntax error'],
    ['NOOP\rNOOP', '500 5.5.2 Syntax error'],
    ['\x16\x03\x01', '500 5.5.2 Syntax error'],
    ['x'.repeat(10_000), '500 5.5.2 Line too long'],
  ])('%j before LHLO', async (line, reply) => {
    const { client } = await open();
    await client.reply();
    expect(await client.say(line)).toBe(reply);
    expect(await client.say('NOOP')).toBe('250 2.0.0 ok');
  });

  test.each([
    ['MAIL FROM:a@example.com', '501 5.1.7 Bad sender address syntax'],
    ['MAIL TO:<a@example.com>', '501 5.5.4 Syntax: MAIL FROM:<address>'],
    ['MAIL FROM:<a@example.com> SIZE=x', '501 5.5.4 Syntax: SIZE=number'],
    ['MAIL FROM:<a@example.com> BODY=BINARYMIME', '501 5.5.4 Unsupported BODY type'],
    ['MAIL FROM:<a@example.com> RET=HDRS', '555 5.5.4 Unsupported parameter'],
    ['MAIL FROM:<a@example.com> SMTPUTF8=1', '555 5.5.4 Unsupported parameter'],
    ['MAIL FROM:<ä@example.com>', '553 5.6.7 Address needs SMTPUTF8'],
  ])('%s', async (line, reply) => {
    const { client } = await open();
    await client.reply();
    await client.say('LHLO client');
    expect(await client.say(line)).toBe(reply);
    expect(await client.say('MAIL FROM:<ok@example.com>')).toBe('250 2.1.0 ok');
    expect(await client.say('MAIL FROM:<ok@example.com>')).toBe('503 5.5.1 Nested MAIL command');
  });

  test.each([
    ['RCPT TO:<>', '501 5.1.3 Bad recipient address syntax'],
    ['RCPT TO:<a b@example.com>', '501 5.1.3 Bad recipient address syntax'],
    ['RCPT TO:<a@example.com> NOTIFY=NEVER', '555 5.5.4 Unsupported parameter'],
    ['RCPT TO:<ä@example.com>', '553 5.6.7 Address needs SMTPUTF8'],
    ['RCPT TO:<@relay.example:a@example.com>', '250 2.1.5 ok'],
    ['RCPT TO:<"q q"@example.com>', '250 2.1.5 ok'],
  ])('%s', async (line, reply) => {
    const { client } = await open();
    await client.begin(0);
    expect(await client.say(line)).toBe(reply);
  });

  test('SMTPUTF8 lets addresses through as they are', async () => {
    const { delivery, client } = await open();
    await client.reply();
    await client.say('LHLO client');
    expect(await client.say('MAIL FROM:<ä@ö.example> SMTPUTF8')).toBe('250 2.1.0 ok');
    expect(await client.say('RCPT TO:<bücher@example.com>')).toBe('250 2.1.5 ok');
    await client.say('DATA');
    await client.say('.');
    expect(delivery.mails[0]).toMatchObject({ sender: 'ä@ö.example', recipients: ['bücher@example.com'] });
    expect(delivery.mails[0]?.trace).toContain('with UTF8LMTP;');
  });

  test('LHLO in a transaction ends it', async () => {
    const { client } = await open();
    await client.begin();
    expect(await client.say('LHLO again')).toMatch(/^250-/);
    expect(await client.say('DATA')).toBe('503 5.5.1 Need MAIL before DATA');
  });

  test('a client that makes no sense is hung up on', async () => {
    const { client } = await open({ limits: { ...lmtpLimits, badCommands: 3 } });
    await client.reply();
    await client.say('X');
    await client.say('X');
    await client.say('NOOP');
    expect(await client.say('X')).toMatch(/^500/);
    expect(await client.say('X')).toMatch(/^500/);
    expect(await client.say('X')).toBe('421 4.7.0 Too many bad commands');
    expect(await client.reply()).toBe('END');
  });

  test('a lone LF ends no command, and nothing after it is read', async () => {
    const { delivery, client } = await open();
    await client.begin();
    client.send('RCPT TO:<x@example.com>\nRCPT TO:<victim@example.com>\r\nDATA\r\n.\r\n');
    expect(await client.reply()).toBe('500 5.5.2 Lines must end with CRLF');
    expect(await client.reply()).toBe('END');
    expect(delivery.mails).toEqual([]);
    expect(delivery.sizes.length).toBe(1);
  });

  test('silence ends the session', async () => {
    const { client } = await open({ limits: { ...lmtpLimits, idleMs: 30 } });
    await client.reply();
    expect(await client.reply()).toBe('421 4.4.2 Idle for too long');
    expect(await client.reply()).toBe('END');
  });
});
