import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { logIn, openPlace, type Place } from './support.ts';

let place: Place;
beforeEach(async () => {
  place = await openPlace();
});
afterEach(() => place[Symbol.asyncDispose]());

const add = (name: string, password: string, ...options: string[]) =>
  place.run(['user', 'add', name, '--password-stdin', ...options], { input: password });

describe('user add', () => {
  test('takes a password from standard input, or makes one up and shows it', async () => {
    expect(await add('anna', 'geheim\n')).toEqual({ code: 0, out: 'user anna added\n', err: '' });
    const made = await place.run(['user', 'add', 'bert@example.org']);
    const password = /^user bert@example.org added, password: (\S{20})\n$/.exec(made.out)?.[1] ?? '';
    const server = await place.serve();
    expect((await logIn(server.imaps, 'anna', 'geheim'))[1]).toMatch(/^a OK/);
    expect((await logIn(server.imaps, 'bert@example.org', password))[1]).toMatch(/^a OK/);
  });

  test('gives INBOX and the usual folders; an administrator none, and says what is left to do', async () => {
    await add('anna', 'geheim');
    const admin = await add('boss', 'geheim', '--admin');
    expect(admin.out).toBe(
      'user boss added\nto make boss an administrator, say so in the configuration: admins: cyrus boss\n',
    );
    const server = await place.serve();
    const [client] = await logIn(server.imaps, 'anna', 'geheim');
    const names = (await client.say('b', 'LIST "" *')).flatMap((line) => /"?(\w+)"?$/.exec(line)?.[1] ?? []);
    expect(names.slice(0, 6)).toEqual(['INBOX', 'Archive', 'Drafts', 'Junk', 'Sent', 'Trash']);
    const [empty] = await logIn(server.imaps, 'boss', 'geheim');
    expect((await empty.say('b', 'LIST "" *')).length).toBe(1);
  });

  test('refuses what cannot be, in one line, and adds nothing', async () => {
    expect(await add('a b', 'x')).toMatchObject({ code: 65, err: /^cirrus: "a b" cannot be a user name: .*\n$/ });
    expect(await add('Anna', 'x')).toMatchObject({ code: 65, err: /lower-case/ });
    expect(await add('anna', '')).toMatchObject({ code: 65, err: 'cirrus: the password is empty\n' });
    expect(await add('anna', 'one\ntwo\n')).toMatchObject({ code: 65, err: /more than one line/ });
    expect(await add('anna', 'x', '--quota', 'much')).toMatchObject({ code: 64, err: /500M or 2G/ });
    await add('bert', 'x');
    expect(await add('bert', 'x')).toMatchObject({ code: 65, err: 'cirrus: user bert exists already\n' });
    expect((await place.run(['user', 'list'])).out).toBe('bert\tuser\tno quota\n');
  });
});

test('user passwd takes effect at once in a server that runs', async () => {
  await add('anna', 'alt');
  const server = await place.serve();
  expect((await logIn(server.imaps, 'anna', 'alt'))[1]).toMatch(/^a OK/);
  expect(await place.run(['user', 'passwd', 'anna', '--password-stdin'], { input: 'neu' })).toMatchObject({ code: 0 });
  expect((await logIn(server.imaps, 'anna', 'alt'))[1]).toMatch(/^a NO/);
  expect((await logIn(server.imaps, 'anna', 'neu'))[1]).toMatch(/^a OK/);
  expect(await place.run(['user', 'passwd', 'nobody'])).toMatchObject({ code: 67 });
});

test('user list tells of quotas; user remove ends logins', async () => {
  await add('anna', 'geheim', '--quota', '2G');
  await add('cyrus', 'geheim', '--admin');
  expect((await place.run(['user', 'list'])).out).toBe(
    'anna\tuser\t0 MiB of 2048 MiB\ncyrus\tadministrator\tno quota\n',
  );
  expect(await place.run(['user', 'remove', 'anna'])).toMatchObject({ code: 0, out: 'user anna removed\n' });
  expect(await place.run(['user', 'remove', 'anna'])).toMatchObject({
    code: 67,
    err: 'cirrus: there is no user anna\n',
  });
  const server = await place.serve();
  expect((await logIn(server.imaps, 'anna', 'geheim'))[1]).toMatch(/^a NO/);
});

test('user quota limits a user who has mail already, and lifts the limit again', async () => {
  await add('anna', 'geheim');
  const deliver = (bytes: number) => place.run(['deliver', 'anna'], { input: `Subject: x\n\n${'x'.repeat(bytes)}\n` });
  expect(await deliver(1_100_000)).toMatchObject({ code: 0 });
  expect(await place.run(['user', 'quota', 'anna', '1MB'])).toEqual({
    code: 0,
    out: 'anna: 1.05 MiB of 1 MiB\n',
    err: '',
  });
  expect(await deliver(1)).toMatchObject({ code: 75, err: 'cirrus: anna: Over quota\n' });
  expect(await place.run(['user', 'quota', 'anna', 'none'])).toMatchObject({ code: 0, out: 'anna: no quota\n' });
  expect(await deliver(1_100_000)).toMatchObject({ code: 0 });
  // What came meanwhile was counted.
  expect((await place.run(['user', 'quota', 'anna', '2 GiB'])).out).toBe('anna: 2.1 MiB of 2048 MiB\n');
  expect((await place.run(['doctor'])).out).toContain('no faults');
  expect(await place.run(['user', 'quota', 'anna', 'much'])).toMatchObject({ code: 64, err: /500M or 2G/ });
  expect(await place.run(['user', 'quota', 'nobody', '1G'])).toMatchObject({ code: 67 });
});

test('where there is no store, commands that only ask make none', async () => {
  expect(await place.run(['user', 'list'])).toEqual({
    code: 66,
    out: '',
    err: `cirrus: there is no mail store in ${place.data} (see -C and configdirectory)\n`,
  });
  expect(await place.run(['user', 'list'])).toMatchObject({ code: 66 });
});
