import { afterEach, describe, expect, it } from 'vitest';
import type { Listener } from '../../gateway/net/listener.ts';
import { lmtpLimits } from '../../lib/base/limits.ts';
import { CollectingDelivery, LmtpClient, type LmtpSettings, openLmtp } from '../lmtp/support.ts';

const listeners: Listener[] = [];
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.drain()));
});

async function open(settings: LmtpSettings = {}): Promise<{ client: LmtpClient; delivery: CollectingDelivery }> {
  const delivery = new CollectingDelivery();
  const listener = await openLmtp(delivery, { listener: { limits: { drainMs: 1000 } }, ...settings });
  listeners.push(listener);
  return { client: await LmtpClient.connect(listener), delivery };
}

describe('LMTP limits at their border', () => {
  it('a command line with its CRLF (lineBytes)', async () => {
    const { client } = await open();
    await client.begin(0);
    const noop = (octets: number): string => 'NOOP '.padEnd(octets - 2, 'x');
    expect(await client.say(noop(lmtpLimits.lineBytes))).toMatch(/^250 /);
    expect(await client.say(noop(lmtpLimits.lineBytes + 1))).toBe('500 5.5.2 Line too long');
    expect(await client.say(noop(5_000_000))).toBe('500 5.5.2 Line too long');
    expect(await client.say('RCPT TO:<a@example.com>')).toMatch(/^250 /);
  });

  it('a path with its angle brackets (pathBytes)', async () => {
    const { client } = await open();
    await client.begin(0);
    const path = (octets: number): string => `RCPT TO:<${'a'.repeat(octets - '<@example.com>'.length)}@example.com>`;
    expect(await client.say(path(lmtpLimits.pathBytes))).toMatch(/^250 /);
    expect(await client.say(path(lmtpLimits.pathBytes + 1))).toBe('501 5.1.3 Bad recipient address syntax');
    expect(await client.say('RSET')).toMatch(/^250 /);
    const sender = path(lmtpLimits.pathBytes + 1).replace('RCPT TO', 'MAIL FROM');
    expect(await client.say(sender)).toBe('501 5.1.7 Bad sender address syntax');
    expect(await client.say('NOOP')).toMatch(/^250 /);
  });

  it('recipients of a transaction (recipients), all of them answered', async () => {
    const { client, delivery } = await open();
    const { recipients } = lmtpLimits;
    await client.begin(0);
    client.send('RCPT TO:<a@example.com>\r\n'.repeat(recipients + 1));
    const answers = await client.replies(recipients + 1);
    expect(new Set(answers.slice(0, -1))).toEqual(new Set(['250 2.1.5 ok']));
    expect(answers.at(-1)).toBe('452 4.5.3 Too many recipients');
    expect(await client.say('DATA')).toMatch(/^354 /);
    client.send('Subject: x\r\n\r\n.\r\n');
    expect(new Set(await client.replies(recipients))).toEqual(new Set(['250 2.1.5 Ok']));
    expect(delivery.mails[0]?.recipients).toHaveLength(recipients);
  });

  it('commands in a row that cannot be understood (badCommands)', async () => {
    const { client } = await open();
    await client.begin(0);
    for (let i = 1; i < lmtpLimits.badCommands; i++) expect(await client.say('XYZZY')).toMatch(/^500 /);
    expect(await client.say('NOOP')).toMatch(/^250 /);
    for (let i = 1; i < lmtpLimits.badCommands; i++) expect(await client.say('XYZZY')).toMatch(/^500 /);
    expect(await client.say('XYZZY')).toBe('421 4.7.0 Too many bad commands');
    expect(await client.reply()).toBe('END');
  });

  it('silence (idleMs), in a command and in a message', async () => {
    for (const said of ['NO', 'MAIL FROM:<a@example.com>\r\nRCPT TO:<a@example.com>\r\nDATA\r\nSubject']) {
      const { client, delivery } = await open({ limits: { ...lmtpLimits, idleMs: 100 } });
      await client.begin(0);
      await client.say('RSET');
      client.send(said);
      let last = '';
      for (let reply = await client.reply(); reply !== 'END'; reply = await client.reply()) last = reply;
      expect(last).toMatch(/^421 4\.4\.2 /);
      expect(delivery.mails).toEqual([]);
    }
  });

  it('the size of a message (maxmessagesize), declared, by DATA and by BDAT', async () => {
    const message = 'Subject: x\r\n\r\nbody\r\n';
    const { client, delivery } = await open({ maxMessageBytes: message.length });
    await client.begin(1);
    expect(await client.say('DATA')).toMatch(/^354 /);
    expect(await client.say(`${message}.`)).toBe('250 2.1.5 Ok');
    const begin = ['MAIL FROM:<a@example.com>', 'RCPT TO:<a@example.com>'];
    for (const line of begin) await client.say(line);
    await client.say('DATA');
    expect(await client.say(`${message}x\r\n.`)).toMatch(/^552 5\.2\.3 /);
    for (const line of begin) await client.say(line);
    client.send(`BDAT ${message.length + 1} LAST\r\n${message}x`);
    expect(await client.reply()).toMatch(/^552 5\.2\.3 /);
    expect(await client.say(`MAIL FROM:<a@example.com> SIZE=${message.length + 1}`)).toMatch(/^552 5\.2\.3 /);
    expect(await client.say(`MAIL FROM:<a@example.com> SIZE=${message.length}`)).toMatch(/^250 /);
    expect(delivery.mails).toHaveLength(1);
  });
});
