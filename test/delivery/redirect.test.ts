import { describe, expect, it } from 'vitest';
import { jobPartition } from '../../lib/jobs/job-item.ts';
import { smtpError } from '../support/smtp-sink.ts';
import { until } from '../support/until.ts';
import { message, openSieveHome } from './sieve-support.ts';

const REDIRECT = 'redirect "there@example.net";';

describe('redirect (RFC 5228 §4.2)', () => {
  it('sends the message on, as it came but for the trace, from its sender', async () => {
    await using home = await openSieveHome({ relay: true });
    await home.script(REDIRECT);
    expect(await home.send(message('Hi', '', 'Grüße\n..dots'))).toEqual(['250 2.1.5 Ok']);
    await until('it was sent', () => home.sink.mails.length === 1);
    const [sent] = home.sink.mails;
    expect(sent).toMatchObject({ from: 'sender@example.org', to: ['there@example.net'] });
    expect(sent?.text).toMatch(
      /^X-Sieve-Action: redirect\r\nX-Sieve-Redirected-From: anna@example\.com\r\nDelivered-To: anna@example\.com\r\nReceived: /,
    );
    expect(sent?.text).not.toContain('Return-Path');
    expect(sent?.text.endsWith('\r\n\r\nGrüße\r\n.dots\r\n')).toBe(true);
    expect(await home.mail()).toEqual([]);
  });

  it('keeps the null sender, and a copy where it is asked for', async () => {
    await using home = await openSieveHome({ relay: true });
    await home.script('require "copy"; redirect :copy "there@example.net";');
    await home.send(message('Hi'), { from: '' });
    await until('it was sent', () => home.sink.mails.length === 1);
    expect(home.sink.mails[0]?.from).toBe('');
    expect(await home.mail()).toEqual(['INBOX: Hi']);
  });

  it('sends once what is delivered again, and what comes again as a copy', async () => {
    await using home = await openSieveHome({ relay: true });
    await home.script(REDIRECT);
    for (let i = 0; i < 3; i++) await home.send(message('Hi'));
    await home.send(message('Hi', 'X-Other: list\n'));
    await home.send(message('Ho'));
    await until('two were sent', () => home.outgoing.filter((line) => line.endsWith(' sent')).length === 2);
    expect(home.sink.mails.map(({ text }) => /Subject: (.*)\r/.exec(text)?.[1])).toEqual(['Hi', 'Ho']);
    home.home.clock.advance(4 * 86_400_000);
    await home.send(message('Hi', 'X-Other: much later\n'));
    await until('three were sent', () => home.sink.mails.length === 3);
  });

  it('queues nothing for what was sent before (Rule 14)', async () => {
    await using home = await openSieveHome({ relay: true });
    await home.script(REDIRECT);
    await home.send(message('Hi'));
    await until('it was sent', () => home.outgoing.at(-1) === 'redirect there@example.net sent');
    await home.send(message('Hi'));
    await home.send(message('Hi', 'X-Other: list\n'));
    expect(home.outgoing).toEqual([
      'redirect there@example.net queued',
      'redirect there@example.net sent',
      'redirect there@example.net queued before',
      'redirect there@example.net queued before',
    ]);
    const { rows } = await home.store.ports.index.query({ pk: jobPartition('submit') });
    expect(rows).toEqual([]);
  });

  it('goes out as the user when reports are asked for (RFC 6009 §6.1, §7.1), and from nobody when it came so', async () => {
    await using home = await openSieveHome({ relay: true });
    await home.script(`require ["redirect-dsn","redirect-deliverby"];
      redirect :notify "NEVER" "one@example.net"; redirect :ret "HDRS" "two@example.net";
      redirect :bytimerelative 600 :bymode "notify" "three@example.net"; redirect "four@example.net";`);
    await home.send(message('Hi'));
    await home.send(message('Ho'), { from: '' });
    await until('they were sent', () => home.sink.mails.length === 8);
    expect(new Set(home.sink.mails.map(({ to, notify }) => `${to[0]} ${notify}`))).toContain('one@example.net NEVER');
    expect(home.sink.mails.map(({ from, to }) => `${to[0]} ${from}`).sort()).toEqual([
      'four@example.net ',
      'four@example.net sender@example.org',
      'one@example.net ',
      'one@example.net anna@example.com',
      'three@example.net ',
      'three@example.net anna@example.com',
      'two@example.net ',
      'two@example.net anna@example.com',
    ]);
  });

  it('keeps what must come in time, since no relay promises that, and what goes to a list that there is not', async () => {
    await using home = await openSieveHome({ relay: true });
    await home.script('require "redirect-deliverby"; redirect :bytimerelative 600 "there@example.net";');
    await home.send(message('Late'));
    await home.script('require ["extlists"]; redirect :list "tag:example.com,2010-05-28:mylist";');
    await home.send(message('List'));
    expect(home.unsent).toEqual([
      'redirect: the relay does not promise to deliver in time',
      'redirect: there is no such list',
    ]);
    expect(await home.mail()).toEqual(['INBOX: Late [$SieveFailed]', 'INBOX: List [$SieveFailed]']);
  });

  it('keeps what has passed here before, and what has too many hops', async () => {
    await using home = await openSieveHome({ relay: true });
    await home.script(REDIRECT);
    await home.send(message('Loop', 'X-Sieve-Redirected-From: Anna@Example.com\n'));
    await home.send(message('Hops', 'Received: from a by b; now\n'.repeat(100)));
    expect(await home.mail()).toEqual(['INBOX: Loop [$SieveFailed]', 'INBOX: Hops [$SieveFailed]']);
    expect(home.unsent).toEqual(['redirect: it has passed here before', 'redirect: more than 100 hops']);
    expect(home.sink.mails).toEqual([]);
  });

  it('keeps the message when there is no relay', async () => {
    await using home = await openSieveHome();
    await home.script(`require ["fileinto","vacation"]; vacation "away"; ${REDIRECT}`);
    await home.send(message('Hi'));
    expect(await home.mail()).toEqual(['INBOX: Hi [$SieveFailed]']);
    expect(home.unsent).toHaveLength(2);
  });

  it('tries again while the relay is not there, and keeps the message when it never is', async () => {
    await using home = await openSieveHome({ relay: true });
    await home.script(REDIRECT);
    let tries = 0;
    home.sink.answer = () => {
      tries++;
      return smtpError(451, 'later');
    };
    await home.send(message('Hi'));
    await until('it was tried', () => tries === 1);
    await until('it was tried again', () => {
      home.home.clock.advance(31_000);
      return tries >= 2;
    });
    expect(await home.mail()).toEqual([]);
    await until('it was given up', async () => {
      home.home.clock.advance(3_600_000);
      return (await home.mail()).length === 1;
    });
    expect(await home.mail()).toEqual(['INBOX: Hi [$SieveFailed]']);
    await until('it is dead', async () => (await home.store.ports.jobs.dead()).length === 1);
    expect(home.outgoing.at(-1)).toBe('redirect there@example.net given up');
  });

  it('keeps the message when the relay refuses it for good', async () => {
    await using home = await openSieveHome({ relay: true });
    await home.script(REDIRECT);
    home.sink.answer = () => smtpError(550, 'no such user');
    await home.send(message('Hi'));
    await until('it is kept', async () => (await home.mail()).length === 1);
    await until('it is dead', async () => (await home.store.ports.jobs.dead()).length === 1);
    await home.send(message('Hi'));
    expect(await home.mail()).toEqual(['INBOX: Hi [$SieveFailed]']);
  });

  it('stops at the limit of redirections, and keeps', async () => {
    await using home = await openSieveHome({ relay: true });
    const many = Array.from({ length: 11 }, (_, i) => `redirect "a${i}@example.net";`).join('\n');
    await home.script(many);
    await home.send(message('Hi'));
    expect(await home.mail()).toEqual(['INBOX: Hi [$SieveFailed]']);
    expect(home.outgoing).toEqual([]);
    expect(home.failures[0]?.message).toContain('redirect');
  });
});
