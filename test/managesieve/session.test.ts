import { expect, test } from 'vitest';
import { Logins } from '../../lib/auth/logins.ts';
import { mutated } from '../hostile/mutate.ts';
import { Random } from '../hostile/random.ts';
import { until } from '../support/until.ts';
import { SieveClient } from './client.ts';
import { openSieveGateway } from './gateway.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const LOGIN = `AUTHENTICATE "PLAIN" "${base64('\0anna\0secret')}"`;
const literal = (text: string): string => `{${Buffer.byteLength(text)}+}\r\n${text}`;

async function greeted(port: number): Promise<SieveClient> {
  const client = await SieveClient.open(port);
  expect(await client.answer()).toMatch(/^"IMPLEMENTATION" .*\r\nOK$/s);
  return client;
}

/** What is said, and what must be answered. */
async function talk(client: SieveClient, lines: readonly (readonly [string, string])[]): Promise<void> {
  for (const [said, heard] of lines) expect([said, await client.say(said)]).toEqual([said, heard]);
}

test('capabilities before and after login (RFC 5804 §1.7)', async () => {
  await using gateway = await openSieveGateway();
  const client = await greeted(gateway.port);
  const before = await client.say('capability');
  expect(before).toContain('"IMPLEMENTATION" "Cirrus"\r\n"SASL" "PLAIN LOGIN"\r\n"SIEVE" "');
  expect(before).toContain('\r\n"LANGUAGE" "en"\r\n"MAXREDIRECTS" "10"\r\n"UNAUTHENTICATE"\r\n"VERSION" "1.0"\r\n');
  expect(before).not.toContain('OWNER');
  await client.say(LOGIN);
  expect(await client.say('CAPABILITY')).toContain('"OWNER" "anna"');
  client.close();
});

test('a user has so many sessions at a time (maxlogins_per_user)', async () => {
  await using gateway = await openSieveGateway({ logins: new Logins(1) });
  const [first, second] = [await greeted(gateway.port), await greeted(gateway.port)];
  const tooMany = 'NO (TRYLATER) "Too many sessions of this user: end another one first"';
  await talk(first, [[LOGIN, 'OK']]);
  await talk(second, [[LOGIN, tooMany]]);
  await talk(first, [['UNAUTHENTICATE', 'OK']]);
  await talk(second, [[LOGIN, 'OK']]);
  await talk(first, [[LOGIN, tooMany]]);
  second.close();
  await until('there is room', async () => (await first.say(LOGIN)) === 'OK');
  first.close();
});

test('NOTIFY is told with enotify, and only then (RFC 5804 §1.7)', async () => {
  for (const [extensions, told] of [
    [['fileinto'], false],
    [['fileinto', 'enotify'], true],
  ] as const) {
    await using gateway = await openSieveGateway({ extensions });
    const client = await SieveClient.open(gateway.port);
    expect((await client.answer()).includes('\r\n"NOTIFY" "mailto"\r\n')).toBe(told);
    client.close();
  }
});

test('login: with and without initial response, literal, cancelled, wrong, for another, and again', async () => {
  await using gateway = await openSieveGateway();
  const client = await greeted(gateway.port);
  await talk(client, [
    ['LISTSCRIPTS', 'NO "Authenticate first"'],
    ['AUTHENTICATE "CRAM-MD5"', 'NO "This mechanism is not supported"'],
    [`AUTHENTICATE "PLAIN" "${base64('\0anna\0wrong')}"`, 'NO "Authentication Error"'],
    [`AUTHENTICATE "PLAIN" "${base64('bob\0anna\0secret')}"`, 'NO "You may not act for others"'],
    ['AUTHENTICATE "PLAIN" "!"', 'NO "The initial response is not base64"'],
  ]);
  client.write('AUTHENTICATE "PLAIN"');
  expect(await client.line()).toBe('""');
  expect(await client.say('"*"')).toBe('NO "Authentication was cancelled"');
  client.write('AUTHENTICATE "LOGIN"');
  expect(await client.line()).toBe(`"${base64('Username:')}"`);
  client.write(literal(base64('anna')));
  expect(await client.line()).toBe(`"${base64('Password:')}"`);
  expect(await client.say(`"${base64('secret')}"`)).toBe('OK');
  await talk(client, [
    [LOGIN, 'NO "You are logged in already"'],
    ['UNAUTHENTICATE', 'OK'],
    ['LISTSCRIPTS', 'NO "Authenticate first"'],
    [`AUTHENTICATE "PLAIN" ${literal(base64('bob\0cyrus\0secret'))}`, 'OK'],
  ]);
  expect(await client.say('CAPABILITY')).toContain('"OWNER" "bob"');
  expect(await client.say('logout')).toBe('OK');
  expect(await client.answer()).toBe('END');
});

test('scripts: put, check, list, get, activate, rename, delete (RFC 5804 §2.5 to §2.12)', async () => {
  await using gateway = await openSieveGateway();
  const client = await greeted(gateway.port);
  const script = 'require "fileinto";\r\nfileinto "INBOX.sieve";\r\n';
  await talk(client, [
    [LOGIN, 'OK'],
    ['HAVESPACE "myscript" 999999', 'NO (QUOTA/MAXSIZE) "Script size is too large. Max script size is 8192 bytes"'],
    ['HAVESPACE "foobar" 435', 'OK'],
    [`PUTSCRIPT "foo" ${literal(script)}`, 'OK'],
    ['PUTSCRIPT "mysievescript" "keep;"', 'OK'],
    [`PUTSCRIPT ${literal('a "b" \\')} "keep;"`, 'OK'],
    ['PUTSCRIPT "d" "keep;"', 'NO (QUOTA/MAXSCRIPTS) "There are 3 scripts, which is the limit: delete one first"'],
    ['PUTSCRIPT "" "keep;"', 'NO "The script name is empty"'],
    ['SETACTIVE "mysievescript"', 'OK'],
    ['SETACTIVE "baz"', 'NO (NONEXISTENT) "Script does not exist"'],
    ['LISTSCRIPTS', '"foo"\r\n"mysievescript" ACTIVE\r\n"a \\"b\\" \\\\"\r\nOK'],
    ['GETSCRIPT "foo"', `{${script.length}}\r\n${script}\r\nOK`],
    ['GETSCRIPT "none"', 'NO (NONEXISTENT) "Script does not exist"'],
    ['DELETESCRIPT "mysievescript"', 'NO (ACTIVE) "Active script cannot be deleted"'],
    ['RENAMESCRIPT "foo" "mysievescript"', 'NO (ALREADYEXISTS) "A script of that name exists already"'],
    ['RENAMESCRIPT "mysievescript" "Ferien"', 'OK'],
    ['DELETESCRIPT "foo"', 'OK'],
    ['DELETESCRIPT "foo"', 'NO (NONEXISTENT) "Script does not exist"'],
    ['SETACTIVE ""', 'OK'],
    ['LISTSCRIPTS', '"Ferien"\r\n"a \\"b\\" \\\\"\r\nOK'],
    [`CHECKSCRIPT ${literal(script)}`, 'OK'],
    ['NOOP', 'OK'],
    ['NOOP "STARTTLS-SYNC-42"', 'OK (TAG "STARTTLS-SYNC-42")'],
    [
      `PUTSCRIPT "x" ${literal('x'.repeat(20_000))}`,
      'NO (QUOTA/MAXSIZE) "Script size is too large. Max script size is 8192 bytes"',
    ],
    ['NOOP', 'OK'],
  ]);
  expect(await client.say(`CHECKSCRIPT ${literal('keep;\r\nfoo "bar"')}`)).toMatch(/^NO .*line 2, column \d+: /s);
  expect(await client.say(`PUTSCRIPT "Ferien" ${literal('if')}`)).toMatch(/^NO .*line 1, /s);
  expect(await client.say('GETSCRIPT "Ferien"')).toBe('{5}\r\nkeep;\r\nOK');
  expect(gateway.errors).toEqual([]);
  client.close();
});

test('passwords only inside TLS; idle, drain and bad commands end with BYE', async () => {
  await using gateway = await openSieveGateway({ allowPlaintext: false, limits: { loginMs: 300, badCommands: 3 } });
  const client = await greeted(gateway.port);
  const refused = 'NO (ENCRYPT-NEEDED) "Passwords are only taken inside TLS: use STARTTLS first"';
  await talk(client, [
    [LOGIN, refused],
    ['STARTTLS', 'NO "TLS is not available"'],
  ]);
  expect(await client.say('CAPABILITY')).toContain('"SASL" ""\r\n');
  expect(await client.answer()).toBe('BYE "Idle for too long"');
  const bad = await greeted(gateway.port);
  await talk(bad, [
    ['BOGUS', 'NO "Unknown command"'],
    ['NOOP NOOP', 'NO "The tag must be a string"'],
    ['', 'NO "A command was expected"'],
  ]);
  expect(await bad.answer()).toBe('BYE "Too many bad commands"');
});

test('mutated commands in every state: no internal error, no hang', async () => {
  await using gateway = await openSieveGateway({ limits: { badCommands: 1e9, failedLogins: 1e9 } });
  const random = new Random('managesieve fuzz');
  const lines = [LOGIN, 'NOOP "t"', 'HAVESPACE "a" 5', 'PUTSCRIPT "a" {5+}\r\nkeep;', 'GETSCRIPT "a"', 'SETACTIVE "a"'];
  lines.push('RENAMESCRIPT "a" "b"', 'DELETESCRIPT "b"', 'CHECKSCRIPT "keep;"', 'LISTSCRIPTS', 'UNAUTHENTICATE');
  const tokens = ['"', '\\', '{3+}\r\n', '{99999999999+}', '\r\n', '\n', '\0', ' ', '\xff', '"*"', '('];
  for (let run = 0; run < 150; run++) {
    const client = await greeted(gateway.port);
    if (random.chance(0.7)) await client.say(LOGIN);
    for (let i = 0; i < 5; i++) client.write(mutated(Buffer.from(random.pick(lines)), random, tokens));
    client.close();
  }
  const client = await greeted(gateway.port);
  expect(await client.say(LOGIN)).toBe('OK');
  client.close();
  expect(gateway.errors).toEqual([]);
});
