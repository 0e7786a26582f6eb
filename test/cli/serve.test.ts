import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { firstUserName } from '../../bin/first-start.ts';
import { systemKey } from '../../lib/store/keys.ts';
import { addUser } from '../../lib/store/users.ts';
import { ImapClient } from '../support/imap-client.ts';
import { logIn, openPlace, type Place, type Server, withStoreOf } from './support.ts';

let place: Place;
beforeEach(async () => {
  place = await openPlace();
});
afterEach(() => place[Symbol.asyncDispose]());

/** The name and password that a first start has shown. */
function shown({ text }: Server): { readonly user: string; readonly password: string; readonly admin: string } {
  const user = /^ {2}user +(\S+)$/m.exec(text.err)?.[1] ?? '';
  const password = /^ {2}password +(\S+)$/m.exec(text.err)?.[1] ?? '';
  const admin = /administrator is cyrus, password (\S+)/.exec(text.err)?.[1] ?? '';
  return { user, password, admin };
}

async function stopped(server: Server): Promise<number | null> {
  server.process.kill('SIGTERM');
  await server.ended;
  return server.process.exitCode;
}

describe('the first start', () => {
  test('makes all there is, says once how to log in, and what it says works', async () => {
    const server = await place.serve();
    const { user, password, admin } = shown(server);
    expect(server.text.err).toContain(`port        ${server.imaps}`);
    expect(server.text.err).toContain(place.data);
    expect(statSync(place.data).mode & 0o777).toBe(0o700);

    const [client, answer] = await logIn(server.imaps, user, password);
    expect(answer).toMatch(/^a OK/);
    const [, refused] = await logIn(server.imaps, user, `${password}x`);
    expect(refused).toMatch(/^a NO/);
    const [, asAdmin] = await logIn(server.imaps, 'cyrus', admin);
    expect(asAdmin).toMatch(/^a OK/);

    // The line that it shows, as a person would paste it.
    const line = /^ {2}printf '(.*)' \| npm run -s cirrus -- (deliver .*)$/m.exec(server.text.err);
    const input = (line?.[1] ?? '').replaceAll('\\n', '\n');
    expect(await place.run((line?.[2] ?? '').split(' '), { input })).toMatchObject({ code: 0 });
    expect((await client.say('b', 'SELECT INBOX')).join('\n')).toContain('* 1 EXISTS');
    expect((await client.say('c', 'FETCH 1 BODY.PEEK[TEXT]')).join('\n')).toContain('It works.');

    expect(server.text.out).not.toContain(password);
    expect(server.text.out).not.toContain(admin);
    expect(await stopped(server)).toBe(0);
  });

  test('is followed by starts that find everything again and show no passwords', async () => {
    const first = await place.serve();
    const { user, password } = shown(first);
    expect(await stopped(first)).toBe(0);
    const second = await place.serve();
    expect(second.text.err).toContain('Cirrus serves.');
    expect(second.text.err).not.toMatch(/password/i);
    expect((await logIn(second.imaps, user, password))[1]).toMatch(/^a OK/);
  });

  test('makes no accounts where people have added users before', async () => {
    await place.run(['user', 'add', 'anna', '--password-stdin'], { input: 'geheim\n' });
    const server = await place.serve();
    expect(server.text.err).not.toMatch(/password/i);
    expect((await place.run(['user', 'list'])).out).toBe('anna\tuser\tno quota\n');
  });

  test('that was killed before it showed the passwords is done again', async () => {
    const dead = place.start(['--version']);
    await dead.ended;
    await withStoreOf(place.data, async (store) => {
      await store.ports.index.put(systemKey('FIRST-START'), { r: 1, d: 0, p: dead.process.pid ?? 0 });
      await addUser(store, { name: 'cyrus', verifier: 'never shown', withoutMailboxes: true });
    });
    const server = await place.serve();
    const { user, password, admin } = shown(server);
    expect((await logIn(server.imaps, user, password))[1]).toMatch(/^a OK/);
    expect((await logIn(server.imaps, 'cyrus', admin))[1]).toMatch(/^a OK/);
  });

  test('of two at once is one: the other waits and shows nothing', async () => {
    const servers = await Promise.all([place.serve(), place.serve()]);
    const showing = servers.filter(({ text }) => /password/i.test(text.err));
    expect(showing.length).toBe(1);
    const [one] = showing;
    if (one === undefined) return;
    const { user, password } = shown(one);
    for (const server of servers) expect((await logIn(server.imaps, user, password))[1]).toMatch(/^a OK/);
  });

  test.each([
    ['anna', 'anna'],
    ['Anna', 'anna'],
    ['cyrus', 'user'],
    ['', 'user'],
    ['DOMAIN\\anna', 'user'],
    ['a b', 'user'],
  ])('names the first user after the login %j: %s', (login, name) => {
    expect(firstUserName(['cyrus'], login)).toBe(name);
  });
});

describe('what cannot be is said in one line, with a code of sysexits(3)', () => {
  test('a port in use: 69; and the next start is still the first', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const taken = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    const ran = await place.run(['serve'], { env: { CIRRUS_LISTEN_IMAPS: taken } });
    expect(ran).toEqual({
      code: 69,
      out: expect.not.stringContaining('"error"'),
      err: `cirrus: imaps: cannot listen on ${taken}: it is already in use by another program (listen_imaps)\n`,
    });
    other.close();
    const server = await place.serve();
    const { user, password } = shown(server);
    expect((await logIn(server.imaps, user, password))[1]).toMatch(/^a OK/);
  });

  test('a line of the configuration: 78, with file, line, key, value and what is allowed', async () => {
    const file = join(place.path, 'imapd.conf');
    await writeFile(file, 'servername: mail.example.org\ntimeout: soon\n');
    const ran = await place.run(['serve', '-C', file]);
    expect(ran.code).toBe(78);
    expect(ran.err).toMatch(new RegExp(`^cirrus: ${file} line 2: timeout: "soon" is not allowed; allowed: .*\n$`));
    expect(existsSync(place.data)).toBe(false);
  });

  test('a configuration that is not there: 78', async () => {
    expect(await place.run(['serve', '-C', 'nowhere'])).toMatchObject({ code: 78, err: /nowhere: no such file/ });
  });

  test('a file where the data folder should be: 73', async () => {
    await writeFile(place.data, 'a file');
    expect(await place.run(['serve'])).toEqual({
      code: 73,
      out: '',
      err: `cirrus: the data folder ${place.data} cannot be used: there is a file of that name\n`,
    });
  });

  test('a folder that may not be written: 73', async () => {
    const locked = join(place.path, 'locked');
    await mkdir(locked, { mode: 0o500 });
    // Modes do not stop root; the kernel's own folder does.
    const parent = process.getuid?.() === 0 ? '/sys' : locked;
    const ran = await place.run(['serve'], { env: { CIRRUS_CONFIGDIRECTORY: join(parent, 'cirrus-data') } });
    expect(ran).toMatchObject({ code: 73, err: /this user has no permission/ });
  });

  test('a configuration that cannot be read: 78', async () => {
    const file = join(place.data, 'imapd.conf');
    await mkdir(file, { recursive: true });
    const err = `cirrus: ${file} cannot be read: it is a folder\n`;
    expect(await place.run(['serve'])).toEqual({ code: 78, out: '', err });
  });

  test.runIf(process.platform === 'linux')('a folder where the kernel makes none: 73', async () => {
    expect(await place.run(['serve'], { env: { CIRRUS_CONFIGDIRECTORY: '/proc/cirrus' } })).toEqual({
      code: 73,
      out: '',
      err: 'cirrus: the data folder /proc/cirrus cannot be used: no folder can be made there\n',
    });
  });

  test('an unknown command or option: 64', async () => {
    expect(await place.run(['conquer'])).toMatchObject({ code: 64 });
    expect(await place.run(['serve', '--loud'])).toMatchObject({ code: 64 });
  });

  test('a key that does nothing is a warning', async () => {
    const server = await place.serve({ CIRRUS_AUTOCREATE_ACL: 'Junk anna lr' });
    expect(server.text.err).toContain(
      'cirrus: warning: environment variable CIRRUS_AUTOCREATE_ACL: autocreate_acl does nothing yet',
    );
  });
});

describe('stopping', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s says BYE to sessions and ends with 0', async (signal) => {
    const server = await place.serve();
    const client = await ImapClient.connect(server.imap);
    expect(await client.line()).toMatch(/^\* OK/);
    server.process.kill(signal);
    expect(await client.line()).toMatch(/^\* BYE/);
    expect(await client.line()).toBe('END');
    client.close();
    await server.ended;
    expect(server.process.exitCode).toBe(0);
    expect(server.text.out).toContain('"stopped"');
  });

  test('a second signal ends at once, whoever is still there', async () => {
    const server = await place.serve();
    const { user, password } = shown(server);
    const [client] = await logIn(server.imaps, user, password);
    // Within a literal the session waits for its rest, not for us.
    client.send('b APPEND INBOX {10}\r\n');
    expect(await client.line()).toMatch(/^\+/);
    server.process.kill('SIGTERM');
    while (!server.text.out.includes('"stopping"')) await new Promise((resolve) => setImmediate(resolve));
    // The same again would be an echo of the first for a moment.
    server.process.kill('SIGINT');
    await server.ended;
    expect(server.process.exitCode).toBe(128 + 2);
  });
});
