import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openEmbedded } from '../../lib/embedded/open.ts';
import { Account } from '../../lib/store/account.ts';
import { append } from '../../lib/store/append.ts';
import { Directory } from '../../lib/store/directory.ts';
import { flagNames } from '../../lib/store/flag-names.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import { storeMessage } from '../../lib/store/messages.ts';
import { addUser } from '../../lib/store/users.ts';
import { openPlace, type Place } from '../cli/support.ts';

const MESSAGES = 100_000;
const ACCOUNTS = ['anna', 'bert', 'carl', 'dora'];
const AT_ONCE = 500;

async function withStore<T>(data: string, run: (store: MailStore) => Promise<T>): Promise<T> {
  const home = await openEmbedded(data);
  const store = new MailStore(home);
  try {
    return await run(store);
  } finally {
    await store.close();
    await home.close();
  }
}

async function fill(store: MailStore, name: string, mailbox: string, count: number): Promise<void> {
  const user = await new Directory(store.ports.index).find(name);
  if (user === undefined) throw new Error(`no user ${name}`);
  const open = await new Account(store, user).open(mailbox);
  const filler = 'Not a short line of text, as there are many in mail.\r\n'.repeat(40);
  for (let at = 0; at < count; at += AT_ONCE) {
    const messages = await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, count - at) }, async (_, i) => {
        const number = at + i;
        const head = `From: a${number}@example.com\r\nTo: ${name}@example.com\r\nSubject: Number ${number}\r\n\r\n`;
        const stored = await storeMessage(store.context, [open.space], Buffer.from(head + filler));
        const flags = [...(number % 3 === 0 ? ['\\Seen'] : []), ...(number % 50 === 0 ? [`$Label${number % 7}`] : [])];
        return { blob: stored.blob, sizeBytes: stored.sizeBytes, internalDate: 1_700_000_000 + number, flags };
      }),
    );
    await append(open, messages);
  }
}

/** A hash of every UID, flag, date and blob. */
function pictureOf(data: string): Promise<string> {
  return withStore(data, async (store) => {
    const hash = createHash('sha256');
    for (const name of ACCOUNTS) {
      const user = await new Directory(store.ports.index).find(name);
      if (user === undefined) throw new Error(`no user ${name}`);
      for (const mailbox of ['INBOX', 'Archive']) {
        const open = await new Account(store, user).open(mailbox);
        const { view } = await open.mailbox.refresh();
        hash.update(`${name} ${mailbox} ${open.uidValidity} ${view.exists}\n`);
        for (const [uid, row] of await open.mailbox.cold(view, view.allUids())) {
          const flags = flagNames(view, view.bitsOf(uid) ?? 0n).join(' ');
          hash.update(`${uid} ${flags} ${row.blob} ${row.sizeBytes} ${row.internalDate}\n`);
        }
      }
    }
    return hash.digest('hex');
  });
}

/** Runs a command; answers what it said, how long it took, and the most memory that it had (MiB). */
async function measured(place: Place, args: readonly string[]) {
  const startedMs = performance.now();
  const { process: child, text, ended } = place.start(args);
  child.stdin?.end();
  let peakKib = 0;
  const timer = setInterval(() => {
    const status = `/proc/${child.pid}/status`;
    const found = existsSync(status) ? /VmHWM:\s+(\d+)/.exec(readFileSync(status, 'latin1'))?.[1] : undefined;
    peakKib = Math.max(peakKib, Number(found ?? 0));
  }, 50);
  await ended;
  clearInterval(timer);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  process.stdout.write(`cirrus ${args.join(' ')}: ${seconds} s, ${Math.round(peakKib / 1024)} MiB: ${text.out}`);
  return { code: child.exitCode, ...text, peakMib: peakKib / 1024 };
}

it('100,000 messages lose their index and get it back', { timeout: 3_600_000 }, async () => {
  await using place = await openPlace();
  await withStore(place.data, async (store) => {
    for (const name of ACCOUNTS) {
      await addUser(store, { name, verifier: undefined });
      await fill(store, name, 'INBOX', (MESSAGES / ACCOUNTS.length) * 0.8);
      await fill(store, name, 'Archive', (MESSAGES / ACCOUNTS.length) * 0.2);
    }
  });
  const before = await pictureOf(place.data);
  const checkpoint = await measured(place, ['checkpoint']);
  expect(checkpoint).toMatchObject({ code: 0, err: '' });
  for (const suffix of ['', '-wal', '-shm']) await rm(join(place.data, `index${suffix}`), { force: true });
  const rebuilt = await measured(place, ['reconstruct']);
  expect(rebuilt).toMatchObject({ code: 0, err: '' });
  expect(rebuilt.out).toContain(`4 of 4 accounts rebuilt: 24 mailboxes, ${MESSAGES} messages, 0 of them newer`);
  expect(rebuilt.peakMib).toBeLessThan(1024);
  expect(await pictureOf(place.data)).toBe(before);
  const doctor = await measured(place, ['doctor']);
  expect(doctor.out).toContain(`${MESSAGES} messages`);
  expect(doctor.out).toContain('no faults');
});
