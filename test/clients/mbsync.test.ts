import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { type Gateway, startGateway } from './gateway.ts';
import { connect } from './imapflow.ts';
import { expectDelivered, handIn, mailboxesOf, mailboxOf } from './mailboxes.ts';
import { addToMaildir, makeMaildir, readMaildir, removeFromMaildir, setLetters } from './maildir.ts';
import { BOOKS, bare, configure, deliverMany, expectAlike, folderOf, THERE } from './mbsync.ts';
import { synchronizeConflicts } from './mbsync-conflicts.ts';
import { message } from './messages.ts';
import { describeWith } from './programs.ts';

/** On either side. */
const MESSAGES = 200;

describeWith(['mbsync', 'swaks', 'python3'], 'mbsync', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway(['sync', 'job']);
    return () => gateway[Symbol.asyncDispose]();
  });

  it('keeps a Maildir and the server alike', async () => {
    const user = 'sync';
    const maildirs = join(gateway.workFolder, 'mail-sync');
    const inFolder = (name: string) => folderOf(maildirs, name);
    const mbsync = await configure(gateway, user, true, maildirs);
    const remote = (name: string) => mailboxOf(gateway, user, name);
    await makeMaildir(inFolder('INBOX'));
    await makeMaildir(inFolder(BOOKS));
    const delivered = Array.from({ length: MESSAGES }, (_, i) => message(`delivered ${i}`));
    const local = Array.from({ length: MESSAGES }, (_, i) => message(`local ${i}`));
    await deliverMany(gateway, user, delivered);
    for (const [i, body] of local.entries()) {
      await addToMaildir(inFolder(i % 2 === 0 ? 'INBOX' : BOOKS), `local-${i}`, i % 3 === 0 ? 'FS' : 'S', body);
    }

    await mbsync();
    expect(await remote('INBOX')).toHaveLength(MESSAGES * 1.5);
    expect(await readMaildir(inFolder('INBOX'))).toHaveLength(MESSAGES * 1.5);
    expect(await remote(BOOKS)).toHaveLength(MESSAGES / 2);
    const folders = [...(await mailboxesOf(gateway, user)).keys()];
    expect(folders).toEqual(expect.arrayContaining(['Archive', 'Drafts', 'Junk', 'Sent', 'Trash', BOOKS]));
    expect(await readdir(maildirs)).toEqual(expect.arrayContaining(['Archive', 'Drafts', 'Junk', 'Sent', 'Trash']));
    await expectAlike(gateway, user, maildirs, ['INBOX', BOOKS]);

    // Both sides change; then one run makes them alike again.
    const mine = await readMaildir(inFolder('INBOX'));
    for (const [i, each] of mine.entries()) {
      if (i % 7 === 1) await removeFromMaildir(each);
      else if (i % 5 === 0) await setLetters(each, 'RS');
    }
    await using session = await connect(gateway, user);
    const { imap } = session;
    await imap.mailboxOpen(BOOKS);
    await imap.messageFlagsAdd('1:10', ['\\Answered', '\\Flagged'], { uid: true });
    await imap.messageDelete('11:30', { uid: true });
    await imap.mailboxCreate(THERE);
    await imap.append(THERE, message('new there'), ['\\Flagged']);
    await handIn(gateway, [user], message('new in between'));
    await mbsync();
    await expectAlike(gateway, user, maildirs, ['INBOX', BOOKS, THERE]);
    const removed = mine.filter((_, i) => i % 7 === 1).length;
    expect(await remote('INBOX')).toHaveLength(MESSAGES * 1.5 - removed + 1);
    expect(await remote(BOOKS)).toHaveLength(MESSAGES / 2 - 20);
    expect(await readMaildir(inFolder(THERE))).toMatchObject([{ letters: 'F' }]);

    // Nothing has changed: nothing is done.
    const before = await mailboxesOf(gateway, user);
    const files = (await readMaildir(inFolder('INBOX'))).map(({ path }) => path);
    await mbsync();
    expect(await mailboxesOf(gateway, user)).toEqual(before);
    expect((await readMaildir(inFolder('INBOX'))).map(({ path }) => path)).toEqual(files);
  });

  it('reads, flags, copies, moves and deletes, with STARTTLS', async () => {
    const maildirs = join(gateway.workFolder, 'mail-job');
    const inFolder = (name: string) => folderOf(maildirs, name);
    const mbsync = await configure(gateway, 'job', false, maildirs);
    const sent = message('for mbsync');
    await handIn(gateway, ['job'], sent, 'unix');
    await mbsync();
    const [read] = await readMaildir(inFolder('INBOX'));
    expectDelivered(Buffer.from(bare(read?.body), 'latin1'), sent);
    if (read === undefined) return;
    // For mbsync a copy is another file, and a move is a copy and a deletion.
    await addToMaildir(inFolder('Archive'), 'copied', 'S', read.body);
    await setLetters(read, 'FS');
    await mbsync();
    expect(await mailboxOf(gateway, 'job', 'INBOX')).toMatchObject([{ flags: ['\\Flagged', '\\Seen'] }]);
    const [copy] = await mailboxOf(gateway, 'job', 'Archive');
    expectDelivered(Buffer.from(bare(copy?.body), 'latin1'), sent);
    const [flagged] = await readMaildir(inFolder('INBOX'));
    if (flagged === undefined) return;
    await addToMaildir(inFolder('Trash'), 'moved', 'FS', flagged.body);
    await removeFromMaildir(flagged);
    await mbsync();
    expect(await mailboxOf(gateway, 'job', 'INBOX')).toEqual([]);
    const [moved] = await mailboxOf(gateway, 'job', 'Trash');
    expect(moved?.flags).toEqual(['\\Flagged', '\\Seen']);
    expectDelivered(Buffer.from(bare(moved?.body), 'latin1'), sent);
  });

  // 5,000 messages: test/soak/mbsync.test.ts.
  it('ends conflicts with both sides alike', () => synchronizeConflicts(200));
});
