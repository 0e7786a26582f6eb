import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { expect, test } from 'vitest';
import { ensureSelfSigned } from '../../gateway/net/self-signed.ts';
import { Certificate } from '../../gateway/net/tls.ts';
import { openLog } from '../../lib/base/log.ts';
import { StoreError } from '../../lib/store/errors.ts';
import { ImapClient } from '../support/imap-client.ts';
import { openImapGateway } from '../support/imap-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('STARTTLS (RFC 9051 §6.2.1): what was sent in clear behind it is thrown away, and passwords are taken afterwards', async () => {
  await using folder = await temporaryFolder();
  const files = await ensureSelfSigned(join(folder.path, 'tls'), 'mail.example.com');
  const certificate = Certificate.open(files, openLog('silent'));
  await using gateway = await openImapGateway({ allowPlaintext: false, secureContext: () => certificate.context });
  const client = await ImapClient.connect(gateway.port);
  expect(await client.line()).toContain('STARTTLS SASL-IR LOGINDISABLED METADATA]');
  expect(await client.say('a', 'LOGIN anna secret')).toEqual([expect.stringContaining('a NO [PRIVACYREQUIRED]')]);
  client.send('b STARTTLS\r\nc CREATE injected\r\n');
  expect(await client.line()).toBe('b OK Begin TLS negotiation now');
  client.listenTo(connectTls({ socket: client.socket, rejectUnauthorized: false }));
  const [capability] = await client.say('d', 'CAPABILITY');
  expect(capability).toMatch(/AUTH=PLAIN AUTH=LOGIN METADATA$/);
  expect(capability).not.toContain('STARTTLS');
  expect(await client.say('e', 'STARTTLS')).toEqual(['e BAD TLS is active already']);
  expect((await client.say('f', 'LOGIN anna secret')).at(-1)).toContain('f OK');
  expect(await client.say('g', 'LIST "" injected')).toEqual(['g OK Completed']);
  client.close();
});

test('capabilities that the configuration suppresses are not announced, and ID may keep silent', async () => {
  await using gateway = await openImapGateway({ suppressed: ['AUTH=LOGIN', 'ESEARCH', 'LIST'], identify: false });
  const client = await ImapClient.connect(gateway.port);
  expect(await client.line()).toMatch(/ AUTH=PLAIN METADATA\]/);
  const [login = ''] = await client.say('a', 'LOGIN anna secret');
  expect(login).not.toContain(' ESEARCH ');
  expect(login).toContain(' LIST-EXTENDED ');
  expect((await client.say('b', 'CAPABILITY'))[0]).not.toContain(' ESEARCH ');
  expect(await client.say('c', 'ID NIL')).toEqual(['* ID NIL', 'c OK Completed']);
  client.close();
});

test('pipelined commands are answered in order', async () => {
  await using gateway = await openImapGateway();
  const client = await ImapClient.connect(gateway.port);
  await client.line();
  client.send('a LOGIN anna secret\r\nb SELECT INBOX\r\nc NOOP\r\nd SEARCH ALL\r\ne LOGOUT\r\n');
  const tagged: string[] = [];
  for (let line = await client.line(); line !== 'END'; line = await client.line()) {
    if (!line.startsWith('*')) tagged.push(line.slice(0, 4));
  }
  expect(tagged).toEqual(['a OK', 'b OK', 'c OK', 'd OK', 'e OK']);
});

test('IDLE shows signs of life, polls, and ends with the server', async () => {
  await using gateway = await openImapGateway({ limits: { stillHereMs: 20, pollMs: 20 } });
  const client = await ImapClient.loggedIn(gateway.port);
  await client.say('s', 'SELECT INBOX');
  client.send('i IDLE\r\n');
  expect(await client.line()).toBe('+ idling');
  expect(await client.line()).toBe('* OK Still here');
  expect(await client.line()).toBe('* OK Still here');
  expect(gateway.errors).toEqual([]);
  const drained = gateway.drain();
  const rest: string[] = [];
  for (let line = await client.line(); line !== 'END'; line = await client.line()) rest.push(line);
  expect(rest.at(-1)).toBe('* BYE [UNAVAILABLE] Server shutting down');
  client.close();
  await drained;
});

test('who is silent for too long before login is logged out', async () => {
  await using gateway = await openImapGateway({ limits: { loginMs: 30, idleMs: 60_000 } });
  const client = await ImapClient.connect(gateway.port);
  await client.line();
  expect(await client.line()).toBe('* BYE Idle for too long');
  expect(await client.line()).toBe('END');
});

test('after login another time counts', async () => {
  await using gateway = await openImapGateway({ limits: { loginMs: 60_000, idleMs: 30 } });
  const client = await ImapClient.loggedIn(gateway.port);
  expect(await client.line()).toBe('* BYE Idle for too long');
  client.close();
});

test('lines that are too long, literals that are too big, and too many bad commands', async () => {
  await using gateway = await openImapGateway({ limits: { badCommands: 3 } });
  const client = await ImapClient.connect(gateway.port);
  await client.line();
  client.send(`a LOGIN ${'x'.repeat(20_000)} y\r\n`);
  expect(await client.line()).toBe('a BAD The command line is too long');
  client.send(`b LOGIN {100000}\r\n`);
  expect(await client.line()).toBe('b NO [TOOBIG] The literal is too big');
  client.send('\r\n');
  expect(await client.line()).toMatch(/^\* BAD /);
  client.send('c\r\nd NOPE\r\n');
  expect(await client.line()).toMatch(/BAD /);
  expect(await client.line()).toBe('d BAD Unknown command');
  expect(await client.line()).toBe('* BYE Too many bad commands');
  expect(await client.line()).toBe('END');
});

test('a world that is unwell is NO [UNAVAILABLE], a bug is logged under the id that the client is told', async () => {
  await using gateway = await openImapGateway();
  const { index } = gateway.store.ports;
  const client = await ImapClient.loggedIn(gateway.port);
  const batchGet = index.batchGet.bind(index);
  const fail = (error: Error): void => {
    Object.assign(index, { batchGet: () => Promise.reject(error) });
  };
  fail(new StoreError('unavailable', 'the disk is full'));
  expect(await client.say('a', 'STATUS INBOX (MESSAGES)')).toEqual(['a NO [UNAVAILABLE] the disk is full']);
  expect(gateway.errors).toEqual([]);
  // What the system said is for the log.
  const cause = new Error('ENOSPC, write /srv/mail/x');
  fail(new StoreError('unavailable', `writing: ${cause.message}`, { cause }));
  expect(await client.say('c', 'STATUS INBOX (MESSAGES)')).toEqual([
    'c NO [UNAVAILABLE] Temporary failure, try again later',
  ]);
  expect(gateway.errors.splice(0)).toEqual([expect.stringContaining('/srv/mail/x')]);
  fail(new TypeError('a bug'));
  const [answer = ''] = await client.say('b', 'STATUS INBOX (MESSAGES)');
  Object.assign(index, { batchGet });
  const id = /^b NO \[SERVERBUG\] Internal error (\S+)$/.exec(answer)?.[1] ?? 'none';
  expect(await client.line()).toBe(`* BYE Internal error ${id}`);
  expect(await client.line()).toBe('END');
  expect(gateway.errors).toEqual([expect.stringContaining(id)]);
});

test('a connection that dies in a search ends the search', async () => {
  await using gateway = await openImapGateway({ limits: { sliceMs: 0, progressMs: 1 } });
  const client = await ImapClient.loggedIn(gateway.port);
  for (let i = 0; i < 30; i++) await client.append('INBOX', `Subject: ${i}\r\n\r\ntext\r\n`);
  await client.say('s', 'SELECT INBOX');
  const { blobs } = gateway.store.ports;
  const get = blobs.get.bind(blobs);
  let reads = 0;
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  Object.assign(blobs, {
    get: async (...args: Parameters<typeof get>) => {
      if (++reads === 3) {
        resolve();
        client.close();
      }
      await sleep(10);
      return get(...args);
    },
  });
  client.send('t SEARCH BODY nothing\r\n');
  await begun;
  await gateway.drain();
  expect(reads).toBeLessThan(30);
});
