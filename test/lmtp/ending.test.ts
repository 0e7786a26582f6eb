import { once } from 'node:events';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { ensureSelfSigned } from '../../gateway/net/self-signed.ts';
import { Certificate } from '../../gateway/net/tls.ts';
import { openLog } from '../../lib/base/log.ts';
import type { Delivered, Recipient, Transaction } from '../../lib/delivery/ports.ts';
import { until } from '../support/until.ts';
import { lmtpServers } from './servers.ts';
import { CollectingDelivery } from './support.ts';

const { folder, open } = lmtpServers();

describe('drain', () => {
  test('between transactions at once', async () => {
    const { client, listener } = await open();
    await client.reply();
    const drained = listener.drain();
    expect(await client.reply()).toBe('421 4.3.2 Service shutting down');
    expect(await client.reply()).toBe('END');
    client.socket.end();
    await drained;
  });

  test('after the transaction that was begun', async () => {
    const { delivery, client, listener } = await open();
    await client.begin();
    await client.say('DATA');
    const drained = listener.drain();
    client.send('hello\r\n.\r\nMAIL FROM:<next@example.com>\r\n');
    expect(await client.replies(3)).toEqual(['250 2.1.5 Ok', '421 4.3.2 Service shutting down', 'END']);
    client.socket.end();
    await drained;
    expect(delivery.mails.length).toBe(1);
  });
});

describe('STARTTLS', async () => {
  const log = openLog('silent');
  const certificate = Certificate.open(await ensureSelfSigned(join(folder, 'tls'), ''), log);
  const secureContext = () => certificate.context;

  test('hides what follows and forgets what was said', async () => {
    const { delivery, client } = await open({ secureContext });
    await client.reply();
    expect(await client.say('LHLO c')).toMatch(/\r\n250 STARTTLS$/);
    expect(await client.say('MAIL FROM:<a@example.com>')).toBe('250 2.1.0 ok');
    expect(await client.say('STARTTLS now')).toBe('501 5.5.4 Syntax: STARTTLS');
    // What is sent behind STARTTLS in clear could be somebody else's: it must have no effect.
    client.send('STARTTLS\r\nLHLO evil\r\nMAIL FROM:<evil@example.com>\r\n');
    expect(await client.reply()).toBe('220 2.0.0 Begin TLS negotiation now');
    const plain = client.socket;
    plain.removeAllListeners('data');
    const secure = connectTls({ socket: plain, rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    client.listenTo(secure);
    expect(await client.say('MAIL FROM:<a@example.com>')).toBe('503 5.5.1 Say LHLO first');
    expect(await client.say('LHLO inside')).not.toContain('STARTTLS');
    expect(await client.say('STARTTLS')).toBe('503 5.5.1 TLS already active');
    await client.say('MAIL FROM:<a@example.com>');
    await client.say('RCPT TO:<b@example.com>');
    await client.say('DATA');
    expect(await client.say('x\r\n.')).toBe('250 2.1.5 Ok');
    expect(delivery.mails[0]?.trace).toMatch(
      /from inside .*\r\n\tby mail\.example\.com \(Cirrus\) with LMTPS \(TLSv1\.3 TLS_\w+\);/,
    );
  });

  test('a failed handshake ends the connection', async () => {
    const { client, listener } = await open({ secureContext });
    await client.reply();
    await client.say('STARTTLS');
    client.send('MAIL FROM:<a@example.com>\r\n');
    await until('the session is over', () => listener.connections === 0);
  });
});

test('recipients are opaque: what delivery answered is what it gets back', async () => {
  const marked: Recipient & { readonly mark: number } = { ok: true, address: 'x', mark: 7 };
  const seen: (readonly Recipient[])[] = [];
  class Marking extends CollectingDelivery {
    override async recipient(): Promise<Recipient> {
      return marked;
    }
    override async deliver(transaction: Transaction): Promise<readonly Delivered[]> {
      seen.push(transaction.recipients);
      return [{ ok: true }];
    }
  }
  const { client } = await open({}, new Marking());
  await client.begin();
  await client.say('DATA');
  await client.say('.');
  expect(seen[0]?.[0]).toBe(marked);
});
