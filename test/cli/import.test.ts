import { mkdir, rename, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Directory } from '../../lib/store/directory.ts';
import { addUsers } from '../support/add-users.ts';
import { messagesIn, openPlace, type Place, withStoreOf } from './support.ts';

let place: Place;
beforeEach(async () => {
  place = await openPlace();
  await addUsers(place.data, ['anna'], 'geheim');
});
afterEach(() => place[Symbol.asyncDispose]());

const DAY = 1_700_000_000;

async function maildir(files: Readonly<Record<string, string>>, name = 'Maildir'): Promise<string> {
  const root = join(place.path, name);
  for (const folder of ['cur', 'new', 'tmp']) await mkdir(join(root, folder), { recursive: true });
  for (const [file, text] of Object.entries(files)) {
    await mkdir(join(root, file, '..'), { recursive: true });
    await writeFile(join(root, file), text);
  }
  return root;
}

const importMaildir = (root: string, ...more: string[]) =>
  place.run(['import', 'maildir', root, '--user', 'anna', ...more]);
const importMbox = (file: string, ...more: string[]) => place.run(['import', 'mbox', file, '--user', 'anna', ...more]);
const inbox = () => messagesIn(place.data, 'anna', 'INBOX');

describe('Maildir', () => {
  test('flags, keywords, dates, subfolders and bytes come along', async () => {
    const root = await maildir({
      [`cur/${DAY + 1}.M1.host:2,DFPRSTa`]: 'Subject: one\n\nbare\nlines\rand\0all\r\n',
      [`cur/${DAY}.M1.host:2,`]: 'Subject: zero\n\n',
      [`new/${DAY + 2}.M1.host`]: 'Subject: two\n\n',
      [`tmp/${DAY + 3}.M1.host`]: 'Subject: not yet delivered\n\n',
      'cur/.hidden': 'no message',
      'dovecot-keywords': '0 Work\n1 (bad\n',
      [`.Sent.2024/cur/${DAY}.M1.host:2,S`]: 'Subject: sent\n\n',
      [`.Entw&APw-rfe/cur/${DAY}.M1.host,S=1658:2,`]: 'Subject: draft\n\n',
      '.Entw&APw-rfe/courierimapkeywords/:list': `Private\nLater\n\n${DAY}.M1.host,S=1658:1 0\n`,
      '.no-maildir/file': '',
    });
    await utimes(join(root, `new/${DAY + 2}.M1.host`), DAY - 1000, DAY - 1000);
    await symlink('/etc/passwd', join(root, `cur/${DAY + 9}.M1.host:2,`));
    const ran = await importMaildir(root);
    expect(ran).toEqual({
      code: 0,
      out: 'INBOX: 3 messages imported\nEntwürfe: 1 message imported\nSent/2024: 1 message imported\n',
      err: '',
    });
    expect((await place.run(['doctor', '--verbose'])).out).not.toContain('unknown-item');
    expect(await inbox()).toEqual([
      { uid: 1, flags: [], internalDate: DAY, bytes: 'Subject: zero\r\n\r\n' },
      {
        uid: 2,
        flags: ['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft', '$Forwarded', 'Work'],
        internalDate: DAY + 1,
        bytes: 'Subject: one\r\n\r\nbare\r\nlines\rand\0all\r\n',
      },
      { uid: 3, flags: [], internalDate: DAY - 1000, bytes: 'Subject: two\r\n\r\n' },
    ]);
    expect(await messagesIn(place.data, 'anna', 'Sent/2024')).toMatchObject([{ flags: ['\\Seen'] }]);
    expect(await messagesIn(place.data, 'anna', 'Entwürfe')).toMatchObject([{ flags: ['Later', 'Private'] }]);
    // Many clients show those only.
    const subscribed = await withStoreOf(place.data, async (store) => {
      const user = await new Directory(store.ports.index).find('anna');
      if (user === undefined) throw new Error('anna is not there');
      return (await store.tree(user.tree).refresh()).view.state.subscriptions;
    });
    expect([...subscribed]).toEqual(expect.arrayContaining(['INBOX', 'Entwürfe', 'Sent/2024']));
  });

  test('a second run imports only what is new, whatever became of flags', async () => {
    const root = await maildir({ [`new/${DAY}.M1.host`]: 'A: 1\n\n', [`cur/${DAY + 1}.M1.host:2,S`]: 'A: 2\n\n' });
    await importMaildir(root);
    await rename(join(root, `new/${DAY}.M1.host`), join(root, `cur/${DAY}.M1.host:2,RS`));
    await writeFile(join(root, `new/${DAY + 2}.M1.host`), 'A: 3\n\n');
    expect((await importMaildir(root)).out).toBe('INBOX: 1 message imported, 2 were there already\n');
    expect((await inbox()).map(({ bytes }) => bytes)).toEqual(['A: 1\r\n\r\n', 'A: 2\r\n\r\n', 'A: 3\r\n\r\n']);
    // Another source with files of the same names, and another mailbox, are other imports.
    const other = await maildir({ [`new/${DAY}.M1.host`]: 'B: 1\n\n' }, 'Other');
    expect((await importMaildir(other)).out).toBe('INBOX: 1 message imported\n');
    expect((await importMaildir(other, '--folder', 'Old/mail')).out).toBe('Old/mail: 1 message imported\n');
  });

  test('a folder that is there already gets the mail of both: Sent beside INBOX, and Sent below it', async () => {
    const beside = await maildir({ [`.Sent/cur/${DAY}.M1.host:2,S`]: 'A: beside\n\n' }, 'Beside');
    const below = await maildir({ [`.INBOX.Sent/cur/${DAY + 1}.M1.host:2,S`]: 'A: below\n\n' }, 'Below');
    expect((await importMaildir(beside)).out).toMatch(/^Sent: 1 message imported$/m);
    const ran = await importMaildir(join(below, '.INBOX.Sent'), '--folder', 'Sent');
    expect(ran).toEqual({ code: 0, out: 'Sent: 1 message imported\n', err: '' });
    const sent = await messagesIn(place.data, 'anna', 'Sent');
    expect(sent.map(({ bytes }) => bytes)).toEqual(['A: beside\r\n\r\n', 'A: below\r\n\r\n']);
  });

  test('a message larger than what is read at once is whole', async () => {
    const text = `A: 1\n\n${'0123456789abcde\n'.repeat(200_000)}`;
    await importMaildir(await maildir({ [`cur/${DAY}.M1.host:2,`]: text }));
    expect((await inbox())[0]?.bytes === text.replaceAll('\n', '\r\n')).toBe(true);
  });

  test('counts for the quota, and stops at it', async () => {
    await place.run(['user', 'add', 'bert', '--quota', '1K', '--password-stdin'], { input: 'geheim' });
    const root = await maildir({ [`cur/${DAY}.M1.host:2,`]: `A: 1\n\n${'x'.repeat(2000)}\n` });
    expect((await place.run(['import', 'maildir', root, '--user', 'bert'])).code).toBe(0);
    await writeFile(join(root, `cur/${DAY + 1}.M1.host:2,`), 'A: 2\n\n');
    expect(await place.run(['import', 'maildir', root, '--user', 'bert'])).toMatchObject({
      code: 75,
      err: /Quota exceeded/,
    });
  });
});

describe('mbox', () => {
  const FROM = 'From bert@example.org Fri Nov 20 13:10:00 2026';

  test('flags, dates and bytes come along; a second run imports only what is new', async () => {
    const file = join(place.path, 'mbox');
    const one = `${FROM}\nSubject: one\nStatus: RO\nX-Status: F\nX-Keywords: Work\n\nHello\n>From me\n\n`;
    const same = `${FROM}\nSubject: same\n\nsame\n\n`;
    await writeFile(file, one + same + same);
    expect(await importMbox(file)).toEqual({ code: 0, out: 'INBOX: 3 messages imported\n', err: '' });
    const [first, second] = await inbox();
    expect(first).toEqual({
      uid: 1,
      flags: ['\\Flagged', '\\Seen', 'Work'],
      internalDate: Date.UTC(2026, 10, 20, 13, 10) / 1000,
      bytes: 'Subject: one\r\nStatus: RO\r\nX-Status: F\r\nX-Keywords: Work\r\n\r\nHello\r\nFrom me\r\n',
    });
    expect(second?.bytes).toBe('Subject: same\r\n\r\nsame\r\n');
    // Somebody read the second, and another came.
    await writeFile(file, `${one}${same.replace('same\n\n', 'same\nStatus: RO\n\n')}${same}${same}`);
    expect((await importMbox(file)).out).toBe('INBOX: 1 message imported, 3 were there already\n');
    expect((await inbox()).length).toBe(4);
  });

  test('what is no mbox is said so', async () => {
    const file = join(place.path, 'file');
    await writeFile(file, 'Subject: x\n\n');
    expect(await importMbox(file)).toMatchObject({ code: 66, err: /is not an mbox/ });
    expect(await importMbox(join(place.path, 'nowhere'))).toMatchObject({ code: 66, err: /cannot be read/ });
    expect(await importMbox(place.path)).toMatchObject({ code: 66, err: /is not an mbox: it is not a file/ });
    expect(await importMaildir(place.path)).toMatchObject({ code: 66, err: /is not a Maildir/ });
    expect(await place.run(['import', 'mbox', file])).toMatchObject({ code: 64 });
  });
});

describe('exactly once', () => {
  const MESSAGES = 1500;

  async function manyMessages(): Promise<string> {
    const root = await maildir({});
    for (let i = 0; i < MESSAGES; i++) await writeFile(join(root, 'cur', `${DAY + i}.M1.host:2,S`), `N: ${i}\n\n`);
    return root;
  }

  const numbers = async () => (await inbox()).map(({ bytes }) => Number(/N: (\d+)/.exec(bytes)?.[1]));
  const all = Array.from({ length: MESSAGES }, (_, i) => i);

  test('killed again and again at any moment, at last everything is there once', async () => {
    const root = await manyMessages();
    const seed = Date.now() % 100_000;
    console.log(`seed ${seed}`);
    let random = seed;
    for (let kill = 0; kill < 8; kill++) {
      const started = place.start(['import', 'maildir', root, '--user', 'anna']);
      random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
      // From before it opens the store to about its end.
      const timer = setTimeout(() => started.process.kill('SIGKILL'), 250 + (random % 1200));
      await started.ended;
      clearTimeout(timer);
    }
    expect((await importMaildir(root)).code).toBe(0);
    expect((await numbers()).sort((a, b) => a - b)).toEqual(all);
    expect((await importMaildir(root)).out).toBe(`INBOX: 0 messages imported, ${MESSAGES} were there already\n`);
  });

  test('a batch that was committed and not marked is not committed again; one that was not, is', async () => {
    const root = await manyMessages();
    await importMaildir(root);
    // As if the run had died after the commit, before the mark.
    const undone = await withStoreOf(place.data, async ({ ports: { index } }) => {
      let changed = 0;
      for (const { pk, sk, item } of (await index.scan()).rows) {
        if (!pk.toString('latin1').startsWith('I#')) continue;
        await index.put({ pk, sk }, { ...item, d: 0 });
        changed++;
      }
      return changed;
    });
    expect(undone).toBe(3);
    expect((await importMaildir(root)).out).toBe(`INBOX: 0 messages imported, ${MESSAGES} were there already\n`);
    // As if it had died before the commit: nobody knows this nonce.
    await withStoreOf(place.data, async ({ ports: { index } }) => {
      for (const { pk, sk, item } of (await index.scan()).rows) {
        if (!pk.toString('latin1').startsWith('I#') || sk.at(-1) !== 1) continue;
        await index.put({ pk, sk }, { ...item, d: 0, n: Buffer.alloc(8, 7) });
      }
    });
    expect((await importMaildir(root)).out).toBe('INBOX: 500 messages imported, 1000 were there already\n');
    expect((await importMaildir(root)).out).toBe(`INBOX: 0 messages imported, ${MESSAGES} were there already\n`);
  });

  test('two runs at once double nothing', async () => {
    const root = await manyMessages();
    const runs = await Promise.all([importMaildir(root), importMaildir(root)]);
    for (const { code, err } of runs) if (code !== 0) expect([code, err]).toMatchObject([75, /another import/]);
    await importMaildir(root);
    expect((await numbers()).sort((a, b) => a - b)).toEqual(all);
  });
});
