import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lmtpLimits } from '../../lib/base/limits.ts';
import { openLog } from '../../lib/base/log.ts';
import type { Delivered, Transaction } from '../../lib/delivery/ports.ts';
import { StoreError } from '../../lib/store/errors.ts';
import { until } from '../support/until.ts';
import { lmtpServers } from './servers.ts';
import { CollectingDelivery } from './support.ts';

const { open } = lmtpServers();

describe('end of DATA', () => {
  const smuggled = 'MAIL FROM:<evil@example.com>\r\nRCPT TO:<victim@example.com>\r\nDATA\r\nevil\r\n.\r\n';

  test.each([
    '\n.\n',
    '\n.\r\n',
    '\r.\r',
    '\r\n.\n',
    '\r\n.\r',
    '\r.\r\n',
    '\n.\r',
    '\r\n\0.\r\n',
    '\r\n.\0\r\n',
    '\r\n.\r\r\n',
  ])('commands behind %j are text', async (end) => {
    const { delivery, client } = await open();
    await client.begin();
    await client.say('DATA');
    client.send(`hello${end}${smuggled.replace('\r\n.\r\n', '\r\n..\r\n')}\r\n.\r\nNOOP\r\n`);
    expect(await client.replies(2)).toEqual(['250 2.1.5 Ok', '250 2.0.0 ok']);
    expect(delivery.mails.length).toBe(1);
    expect(delivery.mails[0]?.body).toContain('RCPT TO:<victim@example.com>');
  });

  test('lone LF is stored as CRLF; lone CR, NUL and 8-bit bytes are kept', async () => {
    const { delivery, client } = await open();
    await client.begin();
    await client.say('DATA');
    client.send(Buffer.from('a\nb\rc\0d\xff\n\n\r\n.\r\n', 'latin1'));
    await client.reply();
    expect(delivery.mails[0]?.body).toBe('a\r\nb\rc\0d\xff\r\n\r\n\r\n');
  });

  test('the dialogue is the same wherever segments end', async () => {
    const { delivery, client } = await open();
    const seed = Date.now();
    await client.reply();
    const dialogue = Buffer.from(
      'LHLO c\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<c@example.com>\r\nDATA\r\n' +
        '..x\r\n\r\n.y\n.\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<d@example.com>\r\nBDAT 5\r\n\r\n.\r\nBDAT 3 LAST\r\nab\nNOOP\r\n',
    );
    const play = async (chunks: readonly Buffer[]): Promise<void> => {
      for (const chunk of chunks) {
        client.send(chunk);
        await new Promise((done) => setImmediate(done));
      }
      const codes = (await client.replies(12)).map((reply) => reply.slice(0, 3)).join(' ');
      expect(codes).toBe('250 250 250 250 354 250 250 250 250 250 250 250');
      const [first, second] = delivery.mails.splice(0);
      expect(first?.body).toBe('.x\r\n\r\ny\r\n.\r\n');
      expect(second?.body).toBe('\r\n.\r\nab\r\n');
    };
    for (let at = 0; at <= dialogue.length; at++) await play([dialogue.subarray(0, at), dialogue.subarray(at)]);
    await play([...dialogue].map((byte) => Buffer.from([byte])));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(dialogue.length), { maxLength: 10 }), async (places) => {
        const at = [...places].sort((a, b) => a - b);
        await play([0, ...at].map((from, index) => dialogue.subarray(from, at[index] ?? dialogue.length)));
      }),
      { numRuns: 50, seed },
    );
  });
});

describe('BDAT', () => {
  test('chunks make one message; anything may be in them', async () => {
    const { delivery, client } = await open();
    await client.begin(2);
    client.send('BDAT 10\r\n\r\n.\r\nQUIT\r');
    expect(await client.reply()).toBe('250 2.0.0 10 octets received');
    expect(await client.say('BDAT 0')).toBe('250 2.0.0 0 octets received');
    client.send('BDAT 4 LAST\r\n\n..\rNOOP\r\n');
    expect((await client.replies(3)).map((reply) => reply.slice(0, 9))).toEqual([
      '250 2.1.5',
      '250 2.1.5',
      '250 2.0.0',
    ]);
    expect(delivery.mails[0]?.body).toBe('\r\n.\r\nQUIT\r\n..\r');
  });

  test('an empty last chunk', async () => {
    const { delivery, client } = await open();
    await client.begin();
    client.send('BDAT 2\r\nab');
    expect(await client.reply()).toBe('250 2.0.0 2 octets received');
    expect(await client.say('BDAT 0 LAST')).toBe('250 2.1.5 Ok');
    expect(delivery.mails[0]?.body).toBe('ab');
  });

  test('without recipients the octets are swallowed', async () => {
    const { delivery, client } = await open();
    await client.begin(0);
    client.send('BDAT 6 LAST\r\nQUIT\r\nNOOP\r\nRSET\r\nBDAT 6\r\nQUIT\r\nNOOP\r\n');
    expect(await client.replies(5)).toEqual([
      '503 5.5.1 No recipients',
      '250 2.0.0 ok',
      '250 2.0.0 ok',
      '503 5.5.1 Need MAIL before BDAT',
      '250 2.0.0 ok',
    ]);
    expect(delivery.mails).toEqual([]);
  });

  test('inside a message there is only BDAT and RSET', async () => {
    const { delivery, client } = await open();
    await client.begin();
    client.send('BDAT 1\r\nx');
    await client.reply();
    expect(await client.say('RCPT TO:<b@example.com>')).toBe('503 5.5.1 RCPT inside BDAT');
    expect(await client.say('DATA')).toBe('503 5.5.1 DATA after BDAT');
    expect(await client.say('MAIL FROM:<b@example.com>')).toBe('503 5.5.1 Nested MAIL command');
    expect(await client.say('RSET')).toBe('250 2.0.0 ok');
    expect(delivery.mails).toEqual([]);
    expect(delivery.broken).toEqual(['Error: the transaction was given up']);
  });

  test.each(['BDAT', 'BDAT x', 'BDAT -1', 'BDAT 1 FIRST', 'BDAT 99999999999999999999'])(
    '%s ends the session',
    async (line) => {
      const { client } = await open();
      await client.begin();
      expect(await client.say(line)).toBe('501 5.5.4 Syntax: BDAT size [LAST]');
      expect(await client.reply()).toBe('END');
    },
  );
});

describe('size', () => {
  test('declared too big, refused at MAIL', async () => {
    const { client } = await open({ maxMessageBytes: 1000 });
    await client.reply();
    expect(await client.say('LHLO c')).toContain('\r\n250-SIZE 1000\r\n');
    expect(await client.say('MAIL FROM:<a@example.com> SIZE=99999999999999999999')).toBe(
      '552 5.2.3 Message SIZE exceeds fixed maximum message size (1000)',
    );
    expect(await client.say('MAIL FROM:<a@example.com> SIZE=1000')).toBe('250 2.1.0 ok');
  });

  test('found too big, swallowed and refused for every recipient', async () => {
    const { delivery, client } = await open({ maxMessageBytes: 1000 });
    await client.begin(2);
    await client.say('DATA');
    client.send(`${'x'.repeat(998)}\r\n${'y'.repeat(500_000)}\r\n.\r\nNOOP\r\n`);
    const tooBig = '552 5.2.3 Message size (501002) exceeds fixed maximum message size (1000)';
    expect(await client.replies(3)).toEqual([tooBig, tooBig, '250 2.0.0 ok']);
    expect(delivery.mails).toEqual([]);
    await client.say('MAIL FROM:<a@example.com>');
    await client.say('RCPT TO:<b@example.com>');
    await client.say('DATA');
    expect(await client.say(`${'x'.repeat(998)}\r\n.`)).toBe('250 2.1.5 Ok');
  });

  test('by chunks', async () => {
    const { delivery, client } = await open({ maxMessageBytes: 10 });
    await client.begin(2);
    client.send('BDAT 8\r\n12345678BDAT 3\r\nabcBDAT 0 LAST\r\nNOOP\r\n');
    const codes = (await client.replies(5)).map((reply) => reply.slice(0, 3));
    expect(codes).toEqual(['250', '552', '552', '552', '250']);
    expect(delivery.mails).toEqual([]);
  });
});

describe('a message is whole or nobody gets it', () => {
  test.each(['half\r\n', 'half\r\n.', 'half\r\n.\r', 'half\n.\n'])('client ends after %j', async (text) => {
    const { delivery, client, listener } = await open();
    await client.begin();
    await client.say('DATA');
    client.send(text);
    client.socket.end();
    await until('the session is over', () => listener.connections === 0);
    expect(delivery.mails).toEqual([]);
    expect(delivery.broken).toEqual(['Error: the transaction was given up']);
  });

  test('client resets', async () => {
    const { delivery, client, listener } = await open();
    await client.begin();
    await client.say('DATA');
    client.send('half');
    client.socket.resetAndDestroy();
    await until('the session is over', () => listener.connections === 0);
    expect(delivery.mails).toEqual([]);
    expect(delivery.broken.length).toBe(1);
  });

  test('client goes silent', async () => {
    const { delivery, client } = await open({ limits: { ...lmtpLimits, idleMs: 50 } });
    await client.begin();
    await client.say('DATA');
    client.send('half');
    expect(await client.reply()).toBe('421 4.4.2 Idle for too long');
    expect(await client.reply()).toBe('END');
    expect(delivery.mails).toEqual([]);
    expect(delivery.broken.length).toBe(1);
  });

  test('client leaves between BDAT chunks', async () => {
    const { delivery, client, listener } = await open();
    await client.begin();
    client.send('BDAT 4\r\nhalfBDAT 10 LAST\r\nhalf');
    client.socket.end();
    await until('the session is over', () => listener.connections === 0);
    expect(delivery.mails).toEqual([]);
    expect(delivery.broken.length).toBe(1);
  });
});

describe('when delivery fails', () => {
  test('unavailable is temporary, and the session goes on', async () => {
    class Unwell extends CollectingDelivery {
      override async deliver(_: Transaction): Promise<readonly Delivered[]> {
        throw new StoreError('unavailable', 'the store does not answer');
      }
    }
    const { client } = await open({}, new Unwell());
    await client.begin(2);
    await client.say('DATA');
    // More than fits into buffers: it is taken although nobody reads it.
    client.send(`${'x\r\n'.repeat(500_000)}.\r\nNOOP\r\n`);
    const unwell = '451 4.3.0 Temporary failure, try again later';
    expect(await client.replies(3)).toEqual([unwell, unwell, '250 2.0.0 ok']);
  });

  test('a bug is logged under the id the client sees, and ends the session', async () => {
    const lines: string[] = [];
    const log = openLog('error', { write: (line: string) => void lines.push(line) });
    const { client } = await open({ log });
    await client.begin(0);
    await client.say('RCPT TO:<throws@example.com>');
    await client.say('DATA');
    const reply = await client.say('x\r\n.');
    const [, id] = /^451 4\.3\.0 Internal error ([0-9a-f-]{36})$/.exec(reply) ?? [];
    expect(id).toBeDefined();
    expect(await client.reply()).toBe('421 4.3.0 Closing after an internal error');
    expect(await client.reply()).toBe('END');
    expect(lines.length).toBe(1);
    expect(lines[0]).toContain(id);
  });

  test('a bug at RCPT likewise', async () => {
    const { client } = await open();
    await client.begin(0);
    expect(await client.say('RCPT TO:<bug@example.com>')).toMatch(/^451 4\.3\.0 Internal error /);
    expect(await client.reply()).toMatch(/^421 4\.3\.0/);
  });
});

test('20 MB go through in bounded memory, no faster than they are stored', async () => {
  class Slow extends CollectingDelivery {
    stored = 0;
    sent = 0;
    furthest = 0;
    override async deliver({ recipients, body }: Transaction): Promise<readonly Delivered[]> {
      for await (const piece of body) {
        this.stored += piece.length;
        this.furthest = Math.max(this.furthest, this.sent - this.stored);
        if (this.stored % 7 === 0) await new Promise((done) => setImmediate(done));
      }
      return recipients.map(() => ({ ok: true }));
    }
  }
  const slow = new Slow();
  const { client } = await open({}, slow);
  await client.begin();
  await client.say('DATA');
  const line = Buffer.from(`${'m'.repeat(76)}\r\n`);
  const block = Buffer.concat(Array.from({ length: 840 }, () => line));
  const total = 320 * block.length;
  for (let i = 0; i < 320; i++) {
    slow.sent += block.length;
    if (!client.socket.write(block)) await once(client.socket, 'drain');
  }
  client.send('.\r\n');
  expect(await client.reply()).toBe('250 2.1.5 Ok');
  expect(slow.stored).toBe(total);
  expect(total).toBeGreaterThan(20_000_000);
  // What lies between: kernel buffers of both sides (4 MB and 6 MB at most), and ours.
  expect(slow.furthest).toBeLessThan(14_000_000);
});

test('delivery that does not read holds the client back', async () => {
  let go = (): void => {};
  class Stuck extends CollectingDelivery {
    override async deliver({ recipients }: Transaction): Promise<readonly Delivered[]> {
      await new Promise<void>((done) => {
        go = done;
      });
      return recipients.map(() => ({ ok: true }));
    }
  }
  const { client } = await open({}, new Stuck());
  await client.begin();
  await client.say('DATA');
  const block = Buffer.alloc(1024 * 1024, 'x');
  let sent = 0;
  for (; sent < 40; sent++) {
    if (client.socket.write(block)) continue;
    const drained = once(client.socket, 'drain').then(() => true);
    if (!(await Promise.race([drained, new Promise<boolean>((done) => setTimeout(done, 200, false))]))) break;
  }
  expect(sent).toBeLessThan(40);
  go();
  client.send('\r\n.\r\n');
  expect(await client.reply()).toBe('250 2.1.5 Ok');
});
