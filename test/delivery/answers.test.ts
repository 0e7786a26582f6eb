import { describe, expect, it } from 'vitest';
import { createMailbox } from '../../lib/store/names.ts';
import { until } from '../support/until.ts';
import { message, openSieveHome, type SieveHome } from './sieve-support.ts';

const OK = '250 2.1.5 Ok';
const VACATION = 'require "vacation"; vacation "I am away.";';

async function sent(home: SieveHome, count: number): Promise<string> {
  await until(`${count} were sent`, () => home.sink.mails.length >= count);
  return home.sink.mails[count - 1]?.text ?? '';
}

describe('vacation (RFC 5230)', () => {
  it('answers the sender from the null sender, in the thread, and keeps the message', async () => {
    await using home = await openSieveHome({ relay: true });
    await home.script(VACATION);
    expect(await home.send(message('Lunch?', 'References: <a@x> <b@x>\n'))).toEqual([OK]);
    const text = await sent(home, 1);
    expect(home.sink.mails[0]).toMatchObject({ from: '', to: ['sender@example.org'], notify: 'NEVER' });
    expect(text.replace(/^Date: .*/m, 'Date: D').replace(/<[0-9a-f]{32}@/, '<ID@')).toBe(
      [
        'From: anna@example.com',
        'To: sender@example.org',
        'Subject: Auto: Lunch?',
        'Date: D',
        'Message-ID: <ID@mail.example.com>',
        'In-Reply-To: <Lunch.@example.org>',
        'References: <a@x> <b@x> <Lunch.@example.org>',
        'Auto-Submitted: auto-replied (vacation)',
        'MIME-Version: 1.0',
        'Content-Type: text/plain; charset=us-ascii',
        'Content-Transfer-Encoding: 7bit',
        '',
        'I am away.',
        '',
      ].join('\r\n'),
    );
    expect(await home.mail()).toEqual(['INBOX: Lunch?']);
  });

  it('writes any language, a subject of its own, and a MIME answer of which only the content fields are taken', async () => {
    await using home = await openSieveHome({ relay: true });
    await home.script(
      'require "vacation"; vacation :subject "Grüße aus Köln" :from "Anna <anna@example.com>" "Bin weg ü";',
    );
    await home.send(message('Hi'));
    const first = await sent(home, 1);
    expect(first).toContain('Subject: =?UTF-8?B?R3LDvMOfZSBhdXMgS8O2bG4=?=\r\n');
    expect(first).toContain('From: Anna <anna@example.com>\r\n');
    expect(first).toContain(`\r\n\r\n${Buffer.from('Bin weg ü').toString('base64')}\r\n`);
    await home.script(
      'require "vacation"; vacation :mime text:\nContent-Type: text/html\nBcc: victim@example.net\n\n<p>away</p>\n.\n;',
    );
    await home.send(message('Ho'));
    const second = await sent(home, 2);
    expect(second).toContain('MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<p>away</p>\r\n');
    expect(second).not.toContain('victim');
  });

  it('answers a sender once in the interval, by handle, and each copy and retry not again', async () => {
    await using home = await openSieveHome({ relay: true });
    await home.script('require "vacation"; vacation :days 3 :handle "h" "away";');
    await home.send(message('One'));
    await home.send(message('One'));
    await home.send(message('Two'));
    await home.send(message('Three'), { from: 'other@example.org' });
    await sent(home, 2);
    expect(home.sink.mails.map(({ to }) => to[0])).toEqual(['sender@example.org', 'other@example.org']);
    expect(home.unsent).toEqual(['vacation: answered before']);
    await home.script('require "vacation"; vacation :days 3 :handle "other" "away";');
    await home.send(message('Four'));
    await sent(home, 3);
    home.home.clock.advance(3 * 86_400_000 + 1000);
    await home.send(message('Five'));
    await sent(home, 4);
    expect(await home.mail()).toHaveLength(5);
  });

  it('with :seconds 0 answers every message, and each once (RFC 6131 §2)', async () => {
    await using home = await openSieveHome({ relay: true });
    await home.script('require "vacation-seconds"; vacation :seconds 0 "away";');
    for (const subject of ['One', 'Two', 'Two']) await home.send(message(subject));
    await until('both were sent', () => home.outgoing.filter((line) => line.endsWith(' sent')).length === 2);
    expect(home.sink.mails).toHaveLength(2);
  });

  it.each([
    ['a bounce', '', ''],
    ['nobody reads there', 'MAILER-DAEMON@example.org', ''],
    ['nobody reads there', 'owner-list@example.org', ''],
    ['nobody reads there', 'list-request@example.org', ''],
    ['nobody reads there', 'no-reply@example.org', ''],
    ['from the user', 'Anna@Example.com', ''],
    ['from a mailing list', 'sender@example.org', 'List-Id: <l.example.org>\n'],
    ['sent by a machine', 'sender@example.org', 'Auto-Submitted: auto-replied\n'],
    ['bulk mail', 'sender@example.org', 'Precedence: bulk\n'],
    ['no answer is wanted', 'sender@example.org', 'X-Auto-Response-Suppress: OOF\n'],
  ])('does not answer: %s (%s)', async (why, from, header) => {
    await using home = await openSieveHome({ relay: true });
    await home.script(VACATION);
    await home.send(message('Hi', header), { from });
    expect(home.unsent).toEqual([`vacation: ${why}`]);
    expect(await home.mail()).toEqual(['INBOX: Hi']);
    expect(home.outgoing).toEqual([]);
  });

  it('answers only what is addressed to the user, by any of the addresses', async () => {
    await using home = await openSieveHome({ relay: true });
    await home.script('require "vacation"; vacation :addresses "Chief@example.com" "away";');
    const to = (who: string): string => message(who, '').replace('To: anna@example.com', `To: ${who}@example.com`);
    await home.send(to('everybody'));
    expect(home.unsent).toEqual(['vacation: not addressed to the user']);
    await home.send(to('chief'));
    await sent(home, 1);
    await home.send(to('anna'), { to: ['anna+lists@example.com'], from: 'x@example.org' });
    await sent(home, 2);
  });

  it('keeps a copy of the answer where the script says (RFC 8580)', async () => {
    await using home = await openSieveHome({ relay: true });
    await createMailbox(await home.account(), 'Answers');
    await home.script('require ["vacation","fcc"]; vacation :fcc "Answers" "away";');
    for (let i = 0; i < 2; i++) await home.send(message('Hi'));
    expect(await home.mail()).toEqual(['Answers: Auto: Hi', 'INBOX: Hi']);
  });
});

describe('refusing by a message (RFC 5429 §2.2.1)', () => {
  it('is done for a reason that LMTP has no letters for, never by ereject', async () => {
    await using home = await openSieveHome({ relay: true });
    await home.script('require "reject"; reject "Kein Müll";');
    expect(await home.send(message('Hi'))).toEqual([OK]);
    const text = await sent(home, 1);
    expect(home.sink.mails[0]).toMatchObject({ from: '', to: ['sender@example.org'] });
    expect(text).toContain('Subject: Automatically rejected mail\r\n');
    expect(text).toContain('Content-Type: multipart/report; report-type=disposition-notification;');
    expect(text).toContain('Disposition: automatic-action/MDN-sent-automatically; deleted\r\n');
    expect(text).toContain('Original-Message-ID: <Hi@example.org>\r\n');
    const coded = /base64\r\n\r\n([\s\S]*?)\r\n--/.exec(text)?.[1] ?? '';
    expect(Buffer.from(coded, 'base64').toString()).toContain('The following reason was given:\r\nKein Müll');
    expect(await home.mail()).toEqual([]);
    await home.script('require "ereject"; ereject "Kein Müll";');
    expect(await home.send(message('Ho'))).toEqual(['550 5.7.1 Kein M?ll']);
    await home.script('require "reject"; reject "Kein Müll";');
    expect(await home.send(message('Ha'), { from: '' })).toEqual(['550 5.7.1 Kein M?ll']);
  });
});

describe('notify', () => {
  it('writes to whom a mailto says, once each (RFC 5436)', async () => {
    await using home = await openSieveHome({ relay: true });
    await home.script(
      'require "enotify"; notify :importance "1" :message "New mail" "mailto:a@example.net,b@example.net?subject=Ping";',
    );
    for (let i = 0; i < 2; i++) await home.send(message('Hi'));
    await until('both were sent', () => home.outgoing.filter((line) => line.endsWith(' sent')).length === 2);
    expect(home.sink.mails.map(({ to, from }) => [...to, from]).sort()).toEqual([
      ['a@example.net', 'anna@example.com'],
      ['b@example.net', 'anna@example.com'],
    ]);
    const text = home.sink.mails[0]?.text ?? '';
    // The message goes before the subject of the URI (§2.6).
    expect(text).toContain('Subject: New mail\r\n');
    expect(text).toContain('Auto-Submitted: auto-notified; owner-email="anna@example.com"\r\n');
    expect(text).toContain('Importance: High\r\n');
    expect(text).toContain('\r\n\r\nNew mail\r\n');
  });

  it('of the older kind writes, logs or does nothing, by its method', async () => {
    await using home = await openSieveHome({ relay: true });
    await home.script(
      'require "notify"; notify :method "mailto" :options "a@example.net" :message "$from$ wrote";\n' +
        'notify :method "log" :message "logged"; notify :method "null"; notify; notify :method "sms" :message "x";',
    );
    await home.send(message('Hi'));
    const text = await sent(home, 1);
    expect(text).toContain('Subject: [SIEVE] New mail notification\r\n');
    expect(text).toContain('\r\n\r\nsender@example.org wrote\r\n');
    expect(home.unsent).toEqual(['notify anna: logged', 'notify: no such method: sms']);
  });

  it('does not notify of what a machine has sent; of a bounce it does, from nobody (RFC 5436 §2.7)', async () => {
    await using home = await openSieveHome({ relay: true });
    await home.script('require "enotify"; notify "mailto:a@example.net?subject=Ping";');
    for (const value of ['auto-notified', 'auto-replied (vacation)', 'auto-generated']) {
      await home.send(message(value, `Auto-Submitted: ${value}\n`));
    }
    expect(home.unsent).toEqual(Array.from({ length: 3 }, () => 'notify: sent by a machine'));
    await home.send(message('By hand', 'Auto-Submitted: No\n'));
    expect(await sent(home, 1)).toContain('Subject: Ping\r\n');
    await home.send(message('Bounce'), { from: '' });
    await sent(home, 2);
    expect(home.sink.mails.map(({ from }) => from)).toEqual(['anna@example.com', '']);
  });

  it('writes what RFC 5436 §3 has', async () => {
    await using home = await openSieveHome({ relay: true });
    await home.script(`require ["enotify", "variables"];
      if header :contains "list-id" "knitting.example.com" {
        if header :matches "Subject" "[*] *" {
          notify :message "From \${1} list: \${2}" :importance "3"
            "mailto:0123456789@sms.example.net?to=backup@example.com";
        }
      }`);
    const list = 'Precedence: list\nList-Id: Knitting Mailing List <knitting.example.com>\n';
    await home.send(message('[Knitting] A new sweater', list, 'I just finished a great new sweater!'));
    const text = await sent(home, 2);
    expect(home.sink.mails.map(({ to }) => to.join()).sort()).toEqual([
      '0123456789@sms.example.net',
      'backup@example.com',
    ]);
    for (const line of [
      'Auto-Submitted: auto-notified; owner-email="anna@example.com"',
      'From: anna@example.com',
      'To: 0123456789@sms.example.net, backup@example.com',
      'Subject: From Knitting list: A new sweater',
    ]) {
      expect(text).toContain(`${line}\r\n`);
    }
    expect(text).not.toContain('Knitting.A.new.sweater');
  });
});
