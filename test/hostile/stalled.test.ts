import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectSound } from './fuzz.ts';
import { type HostileGateway, startHostileGateway, USER } from './gateway.ts';
import { ImapClient } from './imap-client.ts';
import { LmtpClient } from './lmtp-client.ts';
import { bigAttachment, sizeOf } from './messages.ts';
import { Random } from './random.ts';
import { Wire } from './wire.ts';

/** Memory while hundreds of clients stall. An idle process has about 110 MB. */
const PEAK_MB = 400;
const MESSAGE = bigAttachment(4);

let gateway: HostileGateway;
beforeAll(async () => {
  gateway = await startHostileGateway();
  const client = await ImapClient.loggedIn(gateway.imapPort, 'INBOX');
  const { status } = await client.append('INBOX', `{${sizeOf(MESSAGE.chunks())}}`, MESSAGE.chunks());
  expect(status).toBe('OK');
  client.close();
});
afterAll(() => gateway[Symbol.asyncDispose]());

function connections(count: number, port: number): Promise<Wire[]> {
  return Promise.all(Array.from({ length: count }, () => Wire.connect(port)));
}

/** The server goes on while they stall, and is sound when they are gone. */
async function expectServed(wires: readonly Wire[]): Promise<void> {
  await expectSound(gateway, PEAK_MB);
  for (const wire of wires) wire.destroy();
  await expectSound(gateway, PEAK_MB);
}

describe('clients that stall', () => {
  it('many that say nothing, or a little at a time', async () => {
    const wires = [...(await connections(300, gateway.imapPort)), ...(await connections(100, gateway.lmtpPort))];
    for (const octet of 'a LOGI') await Promise.all(wires.slice(0, 200).map((wire) => wire.write(octet)));
    await expectServed(wires);
  });

  it('many that begin a literal and do not end it', async () => {
    const wires = await connections(200, gateway.imapPort);
    await Promise.all(wires.map((wire) => wire.write(`a LOGIN {8000+}\r\n${'x'.repeat(7000)}`)));
    const members = await Promise.all(Array.from({ length: 20 }, () => ImapClient.loggedIn(gateway.imapPort)));
    await Promise.all(members.map(({ wire }) => wire.write(`b LIST "" {1000000+}\r\n${'x'.repeat(999_999)}`)));
    await expectServed([...wires, ...members.map(({ wire }) => wire)]);
  });

  it('many that ask for a big message again and again and never read', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => ImapClient.loggedIn(gateway.imapPort, 'INBOX')));
    for (const { wire } of clients) wire.socket.pause();
    const ask = Array.from({ length: 50 }, (_, i) => `r${i} FETCH 1 BODY.PEEK[]\r\n`).join('');
    await Promise.all(clients.map(({ wire }) => wire.write(ask)));
    await sleep(500);
    await expectServed(clients.map(({ wire }) => wire));
  });

  it('one that sends commands without end and never reads is read no further', async () => {
    const { wire } = await ImapClient.loggedIn(gateway.imapPort, 'INBOX');
    wire.socket.pause();
    const commands = Buffer.from('n NOOP\r\nc CAPABILITY\r\n'.repeat(4000));
    for (let sent = 0; sent < 200_000_000 && wire.socket.writableLength < 8_000_000; sent += commands.length) {
      wire.socket.write(commands);
      await new Promise(setImmediate);
    }
    // What the server does not take piles up here, not there.
    expect(wire.socket.writableLength).toBeGreaterThan(1_000_000);
    await expectServed([wire]);
  });
});

describe('clients in a hurry', () => {
  it('5,000 pipelined commands are answered in order', async () => {
    const client = await ImapClient.loggedIn(gateway.imapPort, 'INBOX');
    const commands = [
      'NOOP',
      'FETCH 1 FLAGS',
      'XYZZY',
      'UID SEARCH ALL',
      'LIST "" {1+}\r\n%',
      'STORE 1 FLAGS (\\Seen)',
    ];
    const count = 5_000;
    let text = '';
    for (let i = 0; i < count; i++) text += `p${i} ${commands[i % commands.length]}\r\n`;
    await client.wire.write(text);
    for (let i = 0; i < count; i++) {
      const { status } = await client.result(`p${i}`);
      expect(status).toBe(commands[i % commands.length] === 'XYZZY' ? 'BAD' : 'OK');
    }
    client.close();
    await expectSound(gateway, PEAK_MB);
  });

  it('who ends its side after the last command still gets the answers', async () => {
    const client = await ImapClient.loggedIn(gateway.imapPort, 'INBOX');
    client.wire.socket.end('a NOOP\r\nb FETCH 1 BODY.PEEK[]\r\nc NOOP\r\n');
    for (const tag of ['a', 'b', 'c']) expect((await client.result(tag)).status).toBe('OK');
    expect(await client.response()).toBeUndefined();
  });

  it('who leaves in the middle of a message leaves nothing of it', async () => {
    const random = new Random('leaving');
    const client = await ImapClient.loggedIn(gateway.imapPort, 'INBOX');
    const bytes = Buffer.concat([...MESSAGE.chunks()]);
    for (let i = 0; i < 15; i++) {
      const part = bytes.subarray(0, random.below(bytes.length));
      await leave(i % 3, part, bytes.length);
    }
    await expectSound(gateway, PEAK_MB);
    expect((await client.ok('STATUS INBOX (MESSAGES)'))[0]?.text).toContain('MESSAGES 1)');
    client.close();
  });

  it('who leaves while a message is sent is no trouble', async () => {
    for (let i = 0; i < 10; i++) {
      const client = await ImapClient.loggedIn(gateway.imapPort, 'INBOX');
      await client.wire.write('a FETCH 1 (BODY.PEEK[] BINARY.PEEK[1])\r\n'.repeat(3));
      await client.wire.line();
      client.close();
    }
    await expectSound(gateway, PEAK_MB);
  });
});

/** Begins a message by APPEND, DATA or BDAT, sends a part of it and is gone. */
async function leave(how: number, part: Buffer, size: number): Promise<void> {
  if (how === 0) {
    const { wire } = await ImapClient.loggedIn(gateway.imapPort);
    await wire.write(`a APPEND INBOX {${size}+}\r\n`);
    await wire.write(part);
    return wire.destroy();
  }
  const client = await LmtpClient.connect(gateway.lmtpPort);
  await client.begin(USER);
  await client.wire.write(how === 1 ? 'DATA\r\n' : `BDAT ${size}\r\n`);
  await client.wire.write(part);
  client.close();
}
