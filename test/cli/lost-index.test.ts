import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addUsers } from '../support/add-users.ts';
import { messagesIn, openPlace, type Place } from './support.ts';

let place: Place;
beforeEach(async () => {
  place = await openPlace();
  await addUsers(place.data, ['anna'], 'geheim');
  for (const text of ['one', 'two']) {
    await place.run(['deliver', 'anna'], { input: `Subject: ${text}\n\n${text}\n` });
  }
});
afterEach(() => place[Symbol.asyncDispose]());

test('checkpoint, a lost index, reconstruct, doctor', async () => {
  expect(await place.run(['checkpoint'])).toEqual({
    code: 0,
    out: '1 accounts: 1 checkpoints written, 0 old ones deleted\n',
    err: '',
  });
  const before = await messagesIn(place.data, 'anna', 'INBOX');
  expect(await place.run(['reconstruct'])).toMatchObject({
    code: 75,
    err: 'cirrus: the index has users (anna): it is not lost\n',
  });
  await place.run(['deliver', 'anna'], { input: 'Subject: three\n\nthree\n' });
  for (const suffix of ['', '-wal', '-shm']) await rm(join(place.data, `index${suffix}`), { force: true });
  const lost = 'the index is lost, and there are checkpoints: run cirrus reconstruct';
  for (const args of [['serve'], ['user', 'add', 'anna', '--password-stdin'], ['deliver', 'anna']]) {
    const refused = await place.run(args, { input: 'geheim' });
    expect(refused.code).not.toBe(0);
    expect(refused.err).toContain(lost);
  }
  const ran = await place.run(['reconstruct']);
  expect(ran).toMatchObject({ code: 0, err: 'cirrus: anna: 1 messages newer than the checkpoint\n' });
  expect(ran.out).toMatch(
    /^1 of 1 accounts rebuilt: 6 mailboxes, 3 messages, 1 of them newer than the checkpoint, \d+ s\n$/,
  );
  const after = await messagesIn(place.data, 'anna', 'INBOX');
  expect(after.slice(0, 2)).toEqual(before);
  expect(after[2]?.bytes).toContain('Subject: three');
  expect((await place.run(['doctor'])).out).toContain('no faults');
});

test('restore says what it did, and wants a time', async () => {
  expect(await place.run(['restore', '--to', 'yesterday'])).toMatchObject({ code: 64 });
  expect(await place.run(['restore', '--to', '2026-01-01T00:00:00Z'])).toEqual({
    code: 0,
    out: '1 accounts, 6 mailboxes: 0 newer messages put into them\n',
    err: '',
  });
  expect(await messagesIn(place.data, 'anna', 'INBOX')).toHaveLength(2);
});

test('while a server runs its index is not made again under its hands', async () => {
  const server = await place.serve();
  for (const args of [
    ['restore', '--to', '2026-01-01T00:00:00Z'],
    ['reconstruct', '--only-missing'],
  ]) {
    expect(await place.run(args)).toEqual({
      code: 73,
      out: '',
      err: `cirrus: the data folder ${place.data} cannot be used: another process has it open: stop every server first\n`,
    });
  }
  // One that died has not.
  server.process.kill('SIGKILL');
  await server.ended;
  expect(await place.run(['restore', '--to', '2026-01-01T00:00:00Z'])).toMatchObject({ code: 0 });
});

test('undelete lists and brings back', async () => {
  expect(await place.run(['undelete', 'list', '--user', 'anna'])).toEqual({ code: 0, out: 'nothing\n', err: '' });
  expect((await place.run(['undelete', 'messages', 'INBOX', '--user', 'anna'])).out).toBe(
    'INBOX: 0 messages are back\n',
  );
  const ran = await place.run(['undelete', 'mailbox', 'Gone', '--user', 'anna']);
  expect(ran).toMatchObject({ code: 67, err: 'cirrus: no mailbox Gone was deleted lately\n' });
});

test('a store whose last user was removed is not lost', async () => {
  expect(await place.run(['user', 'remove', 'anna'])).toMatchObject({ code: 0 });
  expect(await place.run(['user', 'add', 'bert', '--password-stdin'], { input: 'geheim' })).toMatchObject({ code: 0 });
});
