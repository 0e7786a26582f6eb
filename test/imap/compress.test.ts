import type { Socket } from 'node:net';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib';
import { expect, test } from 'vitest';
import { ensureSelfSigned } from '../../gateway/net/self-signed.ts';
import { Certificate } from '../../gateway/net/tls.ts';
import { openLog } from '../../lib/base/log.ts';
import { ImapClient } from '../support/imap-client.ts';
import { type ImapGateway, openImapGateway } from '../support/imap-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/until.ts';

/** The client's side of RFC 4978, with the largest window there is. */
function deflated(client: ImapClient): Socket {
  const { socket } = client;
  client.leave();
  const deflate = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH });
  const inflate = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH });
  deflate.pipe(socket);
  socket.pipe(inflate);
  const both = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => void deflate.write(chunk, done),
    final: (done) => void deflate.end(done),
  });
  inflate.on('data', (chunk: Buffer) => both.push(chunk)).on('end', () => both.push(null));
  return both as Socket;
}

async function compressed(gateway: ImapGateway): Promise<{ readonly client: ImapClient; readonly socket: Socket }> {
  const client = await ImapClient.loggedIn(gateway.port);
  const { socket } = client;
  expect(await client.say('c', 'compress deflate')).toEqual(['c OK DEFLATE active']);
  client.listenTo(deflated(client));
  return { client, socket };
}

test('commands and answers are deflated after COMPRESS, once', async () => {
  await using gateway = await openImapGateway();
  const first = await ImapClient.loggedIn(gateway.port);
  expect((await first.say('a', 'CAPABILITY'))[0]).toContain(' COMPRESS=DEFLATE');
  expect(await first.say('b', 'COMPRESS LZW')).toEqual(['b BAD Mechanisms are: DEFLATE']);
  first.close();
  const { client, socket } = await compressed(gateway);
  expect((await client.say('d', 'CAPABILITY'))[0]).not.toContain('COMPRESS');
  expect(await client.say('e', 'COMPRESS DEFLATE')).toEqual(['e NO [COMPRESSIONACTIVE] DEFLATE is active already']);
  const text = 'Subject: x\r\n\r\n'.concat('It is the same line, over and over again.\r\n'.repeat(25_000));
  expect((await client.append('INBOX', text)).at(-1)).toContain('append OK');
  await client.say('s', 'SELECT INBOX');
  const before = socket.bytesRead;
  const [line = ''] = await client.say('f', 'FETCH 1 BODY.PEEK[]');
  expect(line.slice(line.indexOf('\r\n') + 2, -1)).toBe(text);
  expect(socket.bytesRead - before).toBeLessThan(text.length / 50);
  // Two commands in one write, and one in two.
  client.send('g NOOP\r\nh NO');
  expect(await client.line()).toBe('g OK Completed');
  client.send('OP\r\n');
  expect(await client.line()).toBe('h OK Completed');
  expect((await client.say('i', 'LOGOUT')).at(-1)).toBe('i OK Completed');
  expect(await client.line()).toBe('END');
  expect(gateway.errors).toEqual([]);
});

test('inside TLS what is sent is deflated first (RFC 4978 §3, example)', async () => {
  await using folder = await temporaryFolder();
  const files = await ensureSelfSigned(join(folder.path, 'tls'), 'mail.example.com');
  const certificate = Certificate.open(files, openLog('silent'));
  await using gateway = await openImapGateway({ secureContext: () => certificate.context });
  const client = await ImapClient.connect(gateway.port);
  await client.line();
  expect((await client.say('a', 'starttls')).at(-1)).toContain('a OK');
  client.listenTo(connectTls({ socket: client.socket, rejectUnauthorized: false }));
  expect((await client.say('b', 'login anna secret')).at(-1)).toContain('b OK');
  expect(await client.say('c', 'compress deflate')).toEqual(['c OK DEFLATE active']);
  client.listenTo(deflated(client));
  expect((await client.say('d', 'SELECT INBOX')).at(-1)).toContain('d OK');
  client.close();
  expect(gateway.errors).toEqual([]);
});

test('IDLE tells at once through the compression, and UNAUTHENTICATE ends it', async () => {
  await using gateway = await openImapGateway();
  const { client, socket } = await compressed(gateway);
  await client.say('s', 'SELECT INBOX');
  client.send('i IDLE\r\n');
  expect(await client.line()).toBe('+ idling');
  const other = await ImapClient.loggedIn(gateway.port);
  await other.append('INBOX', 'Subject: x\r\n\r\nx\r\n');
  expect(await client.line()).toBe('* 1 EXISTS');
  client.send('DONE\r\n');
  await client.until('i');
  expect(await client.say('u', 'UNAUTHENTICATE')).toEqual([expect.stringContaining('u OK [CAPABILITY')]);
  socket.unpipe();
  client.listenTo(socket);
  socket.resume();
  expect(await client.say('l', 'LOGIN anna secret')).toEqual([expect.stringContaining('COMPRESS=DEFLATE')]);
  expect(await client.say('c', 'COMPRESS DEFLATE')).toEqual(['c OK DEFLATE active']);
  client.listenTo(deflated(client));
  expect(await client.say('n', 'NOOP')).toEqual(['n OK Completed']);
  client.close();
  other.close();
  expect(gateway.errors).toEqual([]);
});

test('what is no deflated data ends the connection, and others are served', async () => {
  await using gateway = await openImapGateway();
  const client = await ImapClient.loggedIn(gateway.port);
  await client.say('c', 'COMPRESS DEFLATE');
  client.socket.write(Buffer.alloc(100, 0xff));
  await until('it is hung up', () => client.socket.closed || client.socket.readableEnded);
  const other = await ImapClient.loggedIn(gateway.port);
  expect(await other.say('n', 'NOOP')).toEqual(['n OK Completed']);
  other.close();
  expect(gateway.errors).toEqual([]);
});
