import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Account } from '../../lib/store/account.ts';
import { append } from '../../lib/store/append.ts';
import { Directory } from '../../lib/store/directory.ts';
import { storeMessage } from '../../lib/store/messages.ts';
import { ImapClient } from '../support/imap-client.ts';
import { type ImapGateway, openImapGateway } from '../support/imap-gateway.ts';

const MIB = 1024 * 1024;

/** Puts a message of base64 text into INBOX; answers its size and hash. */
async function putLarge({ store }: ImapGateway, sizeMib: number): Promise<{ size: number; hash: string }> {
  const user = await new Directory(store.ports.index).find('anna');
  if (user === undefined) throw new Error('no user');
  const open = await new Account(store, user).open('INBOX', 'i');
  const hash = createHash('sha256');
  let size = 0;
  const header = 'Subject: large\r\nContent-Type: application/x\r\nContent-Transfer-Encoding: base64\r\n\r\n';
  async function* body(): AsyncGenerator<Buffer> {
    const line = Buffer.from(`${'QUJD'.repeat(19)}\r\n`);
    const lines = Buffer.concat(Array.from({ length: 13_443 }, () => line));
    for (let i = 0; i <= sizeMib; i++) {
      const chunk = i === 0 ? Buffer.from(header) : lines;
      hash.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  }
  const { blob, sizeBytes } = await storeMessage(open.store.context, [open.space], body());
  await append(open, [{ blob, sizeBytes, internalDate: 0, flags: [] }]);
  return { size, hash: hash.digest('hex') };
}

/** Counts what is pulled from blobs as streams. */
function countPulled({ store }: ImapGateway): { bytes: number } {
  const { blobs } = store.ports;
  const stream = blobs.stream.bind(blobs);
  const pulled = { bytes: 0 };
  async function* counted(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      pulled.bytes += chunk.length;
      yield chunk;
    }
  }
  Object.assign(blobs, {
    stream: async (...args: Parameters<typeof stream>) => {
      const chunks = await stream(...args);
      return chunks && counted(chunks);
    },
  });
  return pulled;
}

test('50 MB of BODY[] to a slow reader: every octet comes, memory stays bounded, others are served', async () => {
  await using gateway = await openImapGateway();
  const { size, hash } = await putLarge(gateway, 50);
  const pulled = countPulled(gateway);
  const socket = connect({ port: gateway.port, host: '127.0.0.1' });
  await once(socket, 'connect');
  socket.write('a LOGIN anna secret\r\nb SELECT INBOX\r\nc FETCH 1 BODY.PEEK[]\r\n');
  // The reader takes nothing at first: no more is read from the store than fits on the way to it.
  socket.pause();
  const other = await ImapClient.loggedIn(gateway.port);
  for (let i = 0; i < 50; i++) {
    await sleep(10);
    expect((await other.say(`n${i}`, 'NOOP')).at(-1)).toContain('OK');
  }
  expect(pulled.bytes).toBeGreaterThan(0);
  expect(pulled.bytes).toBeLessThan(16 * MIB);
  const received = createHash('sha256');
  let text = '';
  let left = -1;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    let rest = chunk;
    if (left < 0) {
      text += chunk.toString('latin1');
      const head = text.indexOf(`BODY[] {${size}}\r\n`);
      if (head < 0) continue;
      rest = Buffer.from(text.slice(text.indexOf('\r\n', head) + 2), 'latin1');
      left = size;
      text = '';
    }
    const octets = rest.subarray(0, left);
    received.update(octets);
    left -= octets.length;
    text += rest.subarray(octets.length).toString('latin1');
    if (left === 0 && text.includes('c OK')) break;
  }
  expect(received.digest('hex')).toBe(hash);
  expect(text).toBe(')\r\nc OK Completed\r\n');
  expect(pulled.bytes).toBeLessThan(size + MIB);
  other.close();
  socket.destroy();
  expect(gateway.errors).toEqual([]);
});

test('a large message in pieces costs one blob request per 4 MB, decoded or not', async () => {
  await using gateway = await openImapGateway();
  const { size } = await putLarge(gateway, 9);
  const { blobs } = gateway.store.ports;
  const [get, stream] = [blobs.get.bind(blobs), blobs.stream.bind(blobs)];
  let requests = 0;
  Object.assign(blobs, {
    get: (...args: Parameters<typeof get>) => {
      requests++;
      return get(...args);
    },
    stream: (...args: Parameters<typeof stream>) => {
      requests++;
      return stream(...args);
    },
  });
  const client = await ImapClient.loggedIn(gateway.port);
  await client.say('s', 'EXAMINE INBOX');
  const piece = 256 * 1024;
  let total = 0;
  for (let at = 0; at < size; at += piece) {
    const [line = ''] = await client.say('f', `UID FETCH 1 BODY.PEEK[]<${at}.${piece}>`);
    const match = /<(\d+)> \{(\d+)\}/.exec(line.slice(0, 100));
    expect(Number(match?.[1])).toBe(at);
    total += Number(match?.[2]);
  }
  expect(total).toBe(size);
  expect(requests).toBeLessThanOrEqual(Math.ceil(size / (4 * MIB)));
  const [binary = ''] = await client.say('b', 'UID FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1]<57.6>)');
  expect(binary).toBe(`* 1 FETCH (UID 1 BINARY.SIZE[1] ${13_443 * 57 * 9} BINARY[1]<57> {6}\r\nABCABC)`);
  client.close();
  expect(gateway.errors).toEqual([]);
});

test('a 20 MB APPEND streams in, and one that is broken off leaves nothing', async () => {
  await using gateway = await openImapGateway();
  const client = await ImapClient.loggedIn(gateway.port);
  const message = `Subject: x\r\n\r\n${'0123456789abcdef'.repeat(20 * 65_536)}`;
  const broken = await ImapClient.loggedIn(gateway.port);
  broken.send(`a APPEND INBOX {${message.length}+}\r\n${message.slice(0, MIB)}`);
  broken.socket.destroy();
  expect(await client.append('INBOX', message)).toEqual([expect.stringMatching(/^append OK \[APPENDUID \d+ 1\]/)]);
  const lines = await client.say('s', 'STATUS INBOX (MESSAGES SIZE)');
  expect(lines[0]).toBe(`* STATUS INBOX (MESSAGES 1 SIZE ${message.length})`);
  client.close();
  expect(gateway.errors).toEqual([]);
});
