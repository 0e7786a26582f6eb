import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { folderOf } from '../../bin/export/maildir-names.ts';
import { Account } from '../../lib/store/account.ts';
import { append } from '../../lib/store/append.ts';
import { Directory } from '../../lib/store/directory.ts';
import { storeMessage } from '../../lib/store/messages.ts';
import { createMailbox } from '../../lib/store/names.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { addUsers } from '../support/add-users.ts';
import { messagesIn, openPlace, type Place, withStoreOf } from './support.ts';

let place: Place;
beforeEach(async () => {
  place = await openPlace();
  await addUsers(place.data, ['anna', 'bert'], 'geheim');
});
afterEach(() => place[Symbol.asyncDispose]());

const MAILBOXES = ['INBOX', 'Sent/2024.v1', 'Entwürfe & Co', '&AC4-', 'INBOX/Below'];
const KEYWORDS = Array.from({ length: 40 }, (_, i) => `Keyword${i}`);

function inStore<T>(name: string, run: (account: Account) => Promise<T>): Promise<T> {
  return withStoreOf(place.data, async (store) => {
    const user = await new Directory(store.ports.index).find(name);
    if (user === undefined) throw new Error(`no user ${name}`);
    return run(new Account(store, user));
  });
}

async function fill(account: Account, mailbox: string, count: number): Promise<void> {
  const open = await account.open(mailbox);
  const messages = [];
  for (let i = 0; i < count; i++) {
    const body = Buffer.from(`Subject: ${i}\r\n\r\n${mailbox}\0 \xff ${'x'.repeat(i * 1000)}\r\nbare \r end`, 'latin1');
    const { blob, sizeBytes } = await storeMessage(account.store.context, [open.space], body);
    const flags = [
      ...['\\Seen', '\\Answered', '\\Flagged', '\\Deleted', '\\Draft'].filter((_, bit) => (i & (1 << bit)) !== 0),
      ...(i % 3 === 0 ? [KEYWORDS[i % 40] ?? '', '$Forwarded'] : []),
      ...(i % 7 === 0 ? KEYWORDS : []),
    ];
    messages.push({ blob, sizeBytes, internalDate: i * 50_000_000, flags: [...new Set(flags)] });
  }
  await append(open, messages);
}

const exported = (path: string) => place.run(['export', 'maildir', path, '--user', 'anna']);

test('what is exported and imported again is the same: folders, bytes, flags, keywords, dates', async () => {
  const root = join(place.path, 'Maildir');
  await inStore('anna', async (account) => {
    for (const name of MAILBOXES.slice(1)) await createMailbox(account, name);
    for (const name of MAILBOXES) await fill(account, name, 34);
  });
  const ran = await exported(root);
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(ran.out).toContain('INBOX: 34 messages exported\n');
  expect(ran.out).toContain('Sent/2024.v1: 34 messages exported\n');
  expect(await readdir(root)).toContain('.Sent.2024&AC4-v1');
  const imported = await place.run(['import', 'maildir', root, '--user', 'bert']);
  expect(imported).toMatchObject({ code: 0, err: '' });
  const sorted = async (name: string, mailbox: string) =>
    (await messagesIn(place.data, name, mailbox)).map(({ uid, flags, ...rest }) => ({
      ...rest,
      flags: [...flags].sort(),
    }));
  for (const mailbox of MAILBOXES) {
    const before = await sorted('anna', mailbox);
    expect(before).toHaveLength(34);
    expect(await sorted('bert', mailbox), mailbox).toEqual(before);
  }
});

test('goes on where it ended, and follows flags', async () => {
  const root = join(place.path, 'Maildir');
  const cur = join(root, 'cur');
  await inStore('anna', (account) => fill(account, 'INBOX', 10));
  await exported(root);
  const files = await readdir(cur);
  expect(files).toHaveLength(10);
  const first = files.find((name) => name.startsWith('0000000000.')) ?? '';
  expect((await readFile(join(cur, first), 'latin1')).startsWith('Subject: 0\r\n\r\nINBOX\0 \xff ')).toBe(true);
  const last = files.sort().at(-1) ?? '';
  expect(Math.floor((await stat(join(cur, last))).mtimeMs / 1000)).toBe(9 * 50_000_000);
  await rm(join(cur, last));
  await inStore('anna', async (account) => {
    const uids = UidSet.of(2);
    await setFlags(await account.open('INBOX'), { operation: 'replace', flags: ['\\Flagged'], uids });
  });
  expect((await exported(root)).out).toContain('INBOX: 1 message exported, 9 were there already\n');
  const after = await readdir(cur);
  expect(after).toHaveLength(10);
  expect(after.find((name) => name.startsWith('0050000000.'))).toMatch(/:2,F$/);
  expect(await readdir(join(root, 'tmp'))).toEqual([]);
});

test('a user who is not there, and a place that is none', async () => {
  expect(await place.run(['export', 'maildir', place.path, '--user', 'nobody'])).toMatchObject({ code: 67 });
  const ran = await exported('/dev/null/Maildir');
  expect(ran.code).toBe(73);
  expect(ran.err).toMatch(/^cirrus: cannot write there: .*\n$/);
});

test('no name leads out of the Maildir, or is too long for a folder', () => {
  expect(folderOf('a/...')).toBe('.a.&AC4-&AC4-&AC4-');
  const [a, b] = ['ü'.repeat(200), `${'ü'.repeat(199)}ö`].map(folderOf);
  expect(a).not.toBe(b);
  expect(a?.length).toBeLessThanOrEqual(255);
});
