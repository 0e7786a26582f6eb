import { expect, test } from 'vitest';
import { Certificate } from '../../gateway/net/tls.ts';
import { manageSieveLimits } from '../../lib/base/limits.ts';
import { openLog } from '../../lib/base/log.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/until.ts';
import { SieveClient } from './client.ts';
import { openSieveGateway } from './gateway.ts';

const LOGIN = (password: string): string =>
  `AUTHENTICATE "PLAIN" "${Buffer.from(`\0anna\0${password}`).toString('base64')}"`;

test('STARTTLS: capabilities again, passwords allowed, and what was sent in clear is forgotten', async () => {
  await using folder = await temporaryFolder();
  const { path: configdirectory } = folder;
  const config = { configdirectory, servername: 'localhost', tls_server_cert: '', tls_server_key: '' };
  const certificate = await Certificate.ofConfig(config, openLog('silent'));
  await using gateway = await openSieveGateway({ allowPlaintext: false, secureContext: () => certificate.context });
  const client = await SieveClient.open(gateway.port);
  const before = await client.answer();
  expect(before).toContain('\r\n"SASL" ""\r\n');
  expect(before).toContain('\r\n"STARTTLS"\r\n');
  // Sent in one piece: an attacker's command must not be taken for one that came inside TLS.
  client.write('STARTTLS\r\nNOOP "injected"');
  expect(await client.answer()).toBe('OK');
  await client.startTls();
  const after = await client.answer();
  expect(after).toMatch(/^"IMPLEMENTATION" .*\r\nOK$/s);
  expect(after).toContain('\r\n"SASL" "PLAIN LOGIN"\r\n');
  expect(after).not.toContain('STARTTLS');
  expect(await client.say('NOOP "mine"')).toBe('OK (TAG "mine")');
  expect(await client.say('STARTTLS')).toBe('NO "TLS is active already"');
  expect(await client.say(LOGIN('secret'))).toBe('OK');
  expect(await client.say('STARTTLS')).toBe('NO "You are logged in already"');
  client.close();
  expect(gateway.errors).toEqual([]);
});

test('the last of too many failed logins is followed by BYE', async () => {
  await using gateway = await openSieveGateway({ limits: { failedLogins: 2 } });
  const client = await SieveClient.open(gateway.port);
  await client.answer();
  expect(await client.say(LOGIN('wrong'))).toBe('NO "Authentication Error"');
  expect(await client.say(LOGIN('wrong'))).toBe('NO "Authentication Error"');
  expect(await client.answer()).toBe('BYE "Too many failed logins"');
  expect(await client.answer()).toBe('END');
});

test('a server that stops says BYE to those who wait and to those who are logged in', async () => {
  await using gateway = await openSieveGateway();
  const waiting = await SieveClient.open(gateway.port);
  await waiting.answer();
  const known = await SieveClient.open(gateway.port);
  await known.answer();
  expect(await known.say(LOGIN('secret'))).toBe('OK');
  const drained = gateway.drain();
  for (const client of [waiting, known]) {
    expect(await client.answer()).toBe('BYE (TRYLATER) "Server shutting down"');
    expect(await client.answer()).toBe('END');
  }
  await drained;
});

test('lines and literals at their border (lineBytes, loginBytes)', async () => {
  await using gateway = await openSieveGateway();
  const client = await SieveClient.open(gateway.port);
  await client.answer();
  const { lineBytes, loginBytes } = manageSieveLimits;
  // The CR counts.
  const line = (bytes: number): string => 'x'.repeat(bytes - 1);
  expect(await client.say(line(lineBytes))).toBe('NO "Unknown command"');
  expect(await client.say(line(lineBytes + 1))).toBe('NO "The command line is too long"');
  const literal = (bytes: number): string => `AUTHENTICATE "PLAIN" {${bytes}+}\r\n${'x'.repeat(bytes)}`;
  expect(await client.say(literal(loginBytes))).toBe('NO "This is not a response of the mechanism"');
  expect(await client.say(literal(loginBytes + 1))).toBe('NO "The literal is too big"');
  expect(await client.say(LOGIN('secret'))).toBe('OK');
  expect(gateway.errors).toEqual([]);
});

test('more than is reasonable to skip ends it (skipBytes)', async () => {
  await using gateway = await openSieveGateway({ limits: { skipBytes: 10_000 } });
  const client = await SieveClient.open(gateway.port);
  await client.answer();
  expect(await client.say(`CHECKSCRIPT {4000000000+}\r\n${'x'.repeat(20_000)}`)).toBe('BYE "Too much to skip"');
  expect(await client.answer()).toBe('END');
});

test('a script of which only a part has come is not stored, and the one before it stays', async () => {
  await using gateway = await openSieveGateway();
  const [other, client] = await Promise.all([SieveClient.open(gateway.port), SieveClient.open(gateway.port)]);
  for (const each of [other, client]) {
    await each.answer();
    expect(await each.say(LOGIN('secret'))).toMatch(/^OK/);
  }
  expect(await other.say('PUTSCRIPT "one" {5+}\r\nkeep;')).toMatch(/^OK/);
  client.write('PUTSCRIPT "one" {500+}\r\nstop;');
  client.close();
  await until('the session is over', () => gateway.connections() === 1);
  expect(await other.say('GETSCRIPT "one"')).toMatch(/^\{5\}\r\nkeep;\r\nOK/);
  other.close();
  expect(gateway.errors).toEqual([]);
});
