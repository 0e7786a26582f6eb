import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Id } from '../../lib/base/ids.ts';
import { StoreError } from '../../lib/store/errors.ts';
import type { MailStore } from '../../lib/store/mail-store.ts';
import type { ColdRow } from '../../lib/store/mailbox-block.ts';
import type { MailboxView } from '../../lib/store/mailbox-view.ts';
import { messageStream } from '../../lib/store/messages.ts';
import type { Binding } from '../../lib/store/tree-view.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { baseName, keywordsOf, lettersOf } from './maildir-names.ts';

/** What became of a mailbox's messages. */
export interface Exported {
  readonly exported: number;
  /** By an earlier run; those with other flags by now were renamed. */
  readonly before: number;
}

/** Files that are written at the same time. */
const AT_ONCE = 16;
/** Messages whose data is loaded together. */
const BATCH = 1024;

/**
 * Writes a mailbox as a folder of a Maildir: bytes as they are in the store, flags in the names, INTERNALDATE as the file's
 * time. A run after one that was cut short goes on where that ended; files of messages that are no more stay.
 */
export async function exportMailbox(
  store: MailStore,
  space: Id,
  binding: Binding,
  folder: string,
  onMessage: () => void,
): Promise<Exported> {
  for (const name of ['cur', 'new', 'tmp']) await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
  const mailbox = store.mailbox(binding.mailbox);
  const { view } = await mailbox.refresh();
  const keywords = keywordsOf(view);
  if (keywords.dovecot !== '') await writeFile(join(folder, 'dovecot-keywords'), keywords.dovecot, { mode: 0o600 });
  const there = await namesByBase(join(folder, 'cur'));
  const courier: string[] = [];
  const counts = { exported: 0, before: 0 };
  const one = async (uid: number, row: ColdRow): Promise<void> => {
    const { letters, others } = lettersOf(view, view.bitsOf(uid) ?? 0n);
    const base = baseName(binding.mailbox, binding.uidValidity, uid, row.internalDate, row.sizeBytes);
    const indexes = others.map((number) => keywords.others.findIndex((other) => other.number === number));
    if (indexes.length > 0) courier.push(`${base}:${indexes.join(' ')}\n`);
    const [name, known] = [`${base}:2,${letters}`, there.get(base)];
    if (known === undefined) {
      if (await writeMessage(store, space, row, folder, base, name)) counts.exported++;
    } else {
      if (known !== name) await rename(join(folder, 'cur', known), join(folder, 'cur', name));
      counts.before++;
    }
    onMessage();
  };
  for await (const rows of batches(mailbox, view)) {
    for (let at = 0; at < rows.length; at += AT_ONCE) {
      await Promise.all(rows.slice(at, at + AT_ONCE).map(([uid, row]) => one(uid, row)));
    }
  }
  if (courier.length > 0) {
    await mkdir(join(folder, 'courierimapkeywords'), { recursive: true, mode: 0o700 });
    const names = keywords.others.map(({ name }) => `${name}\n`).join('');
    await writeFile(join(folder, 'courierimapkeywords', ':list'), `${names}\n${courier.join('')}`, { mode: 0o600 });
  }
  return counts;
}

async function* batches(
  mailbox: ReturnType<MailStore['mailbox']>,
  view: MailboxView,
): AsyncGenerator<readonly (readonly [uid: number, row: ColdRow])[]> {
  let uids: number[] = [];
  const load = async () => [...(await mailbox.cold(view, UidSet.fromSorted(uids)))];
  for (const uid of view.allUids()) {
    uids.push(uid);
    if (uids.length < BATCH) continue;
    yield await load();
    uids = [];
  }
  if (uids.length > 0) yield await load();
}

async function namesByBase(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = await readdir(folder);
  return new Map(names.map((name) => [name.slice(0, Math.max(0, name.lastIndexOf(':'))), name]));
}

/** Whole under its name, or not there; false when the message was expunged and removed meanwhile. */
async function writeMessage(
  store: MailStore,
  space: Id,
  { blob, internalDate }: ColdRow,
  folder: string,
  base: string,
  name: string,
): Promise<boolean> {
  const temporary = join(folder, 'tmp', base);
  try {
    const bytes = await messageStream(store.context, space, blob);
    await pipeline(bytes, createWriteStream(temporary, { mode: 0o600, flush: true }));
  } catch (error) {
    if (error instanceof StoreError && error.code === 'expunged') return false;
    throw error;
  }
  await utimes(temporary, internalDate, internalDate);
  await rename(temporary, join(folder, 'cur', name));
  return true;
}
