import type { FetchMessageObject, ImapFlow } from 'imapflow';
import { beforeAll, expect, it } from 'vitest';
import { type Gateway, startGateway } from './gateway.ts';
import { connect } from './imapflow.ts';
import { expectDelivered, handIn, mailboxesOf, mailboxOf } from './mailboxes.ts';
import { message } from './messages.ts';
import { describeWith } from './programs.ts';

describeWith(['swaks', 'python3'], 'imapflow', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway(['job', 'starttls', 'folders', 'search', 'sync']);
    return () => gateway[Symbol.asyncDispose]();
  });

  it.each([
    ['job', {}],
    ['starttls', { startTls: true }],
  ] as const)('reads, flags, copies, moves and deletes: %s', async (user, options) => {
    const look = (name: string) => mailboxOf(gateway, user, name);
    const [first, second] = [message('first'), message('second')];
    await handIn(gateway, [user], first, 'unix');
    await handIn(gateway, [user], second);
    await using session = await connect(gateway, user, options);
    const { imap } = session;
    expect(await imap.mailboxOpen('INBOX')).toMatchObject({ exists: 2, uidNext: 3 });

    const one = await fetchOne(imap, '1', { source: true, size: true });
    expectDelivered(one.source, first);
    expect(one.size).toBe(one.source?.length);
    const { content } = await imap.download('1', '2', { uid: true });
    const pieces: Buffer[] = [];
    for await (const piece of content) pieces.push(piece as Buffer);
    expect(Buffer.concat(pieces)).toEqual(Buffer.from(Array.from({ length: 600 }, (_, i) => (i * 37) % 256)));

    await imap.messageFlagsAdd('1', ['\\Seen', '\\Flagged', '$Work'], { uid: true });
    await imap.messageFlagsRemove('1', ['\\Seen'], { uid: true });
    expect((await look('INBOX'))[0]?.flags).toEqual(['$Work', '\\Flagged']);

    const copied = await imap.messageCopy('1', 'Archive', { uid: true });
    expect(copied).toMatchObject({ destination: 'Archive', uidMap: new Map([[1, 1]]) });
    const [copy] = await look('Archive');
    expect(copy).toMatchObject({ uid: 1, flags: ['$Work', '\\Flagged'] });
    expectDelivered(copy?.body, first);

    const moved = await imap.messageMove('1', 'Trash', { uid: true });
    expect(moved).toMatchObject({ destination: 'Trash', uidMap: new Map([[1, 1]]) });
    expectDelivered((await look('Trash'))[0]?.body, first);
    expect(await look('INBOX')).toMatchObject([{ uid: 2 }]);

    await imap.messageDelete('2', { uid: true });
    expect(await look('INBOX')).toEqual([]);
    expect(imap.mailbox).toMatchObject({ exists: 0 });
  });

  it('appends, and gets envelope and body structure', async () => {
    const draft = message('Gr=?utf-8?q?=C3=BC=C3=9Fe?=');
    await using session = await connect(gateway, 'folders');
    const { imap } = session;
    const date = new Date('2020-02-29T23:59:58Z');
    const appended = await imap.append('Drafts', draft, ['\\Draft', '\\Seen'], date);
    expect(appended).toMatchObject({ destination: 'Drafts', uid: 1 });
    await imap.mailboxOpen('Drafts');
    const found = await fetchOne(imap, '1', {
      source: true,
      envelope: true,
      bodyStructure: true,
      internalDate: true,
      flags: true,
      headers: ['subject', 'x-not-there'],
      bodyParts: [{ key: '1', start: 6, maxLength: 7 }],
    });
    expect(found.source?.toString()).toBe(draft.toString());
    expect([...(found.flags ?? [])]).toEqual(expect.arrayContaining(['\\Draft', '\\Seen']));
    expect(new Date(found.internalDate ?? 0)).toEqual(date);
    expect(found.envelope).toMatchObject({
      date: new Date('2026-11-20T09:11:12Z'),
      from: [{ name: 'Jörg', address: 'joerg@example.com' }],
      to: [{ name: 'Tux', address: 'tux@example.com' }],
    });
    expect(found.headers?.toString()).toBe('Subject: Gr=?utf-8?q?=C3=BC=C3=9Fe?=\r\n\r\n');
    expect(found.bodyParts?.get('1')?.toString()).toBe('e aus M');
    expect(found.bodyStructure).toMatchObject({
      type: 'multipart/mixed',
      parameters: { boundary: '=-=' },
      childNodes: [
        { part: '1', type: 'text/plain', encoding: '8bit', parameters: { charset: 'utf-8' } },
        {
          part: '2',
          type: 'application/octet-stream',
          encoding: 'base64',
          disposition: 'attachment',
          dispositionParameters: { filename: 'numbers.bin' },
        },
      ],
    });
  });

  it('makes, renames and deletes folders, and asks for their status', async () => {
    await using session = await connect(gateway, 'folders');
    const { imap } = session;
    expect(await imap.mailboxCreate(['Kunden', 'Bücher & Zeitschriften', '日本語'])).toMatchObject({
      path: 'Kunden/Bücher & Zeitschriften/日本語',
      created: true,
    });
    expect(await imap.mailboxCreate('Kunden/Bücher & Zeitschriften/日本語')).toMatchObject({ created: false });
    await imap.append('Kunden/Bücher & Zeitschriften/日本語', message('in a folder'), ['\\Seen']);
    await imap.mailboxRename('Kunden', 'Archive/Kunden');
    const name = 'Archive/Kunden/Bücher & Zeitschriften/日本語';
    const names = [...(await mailboxesOf(gateway, 'folders')).keys()];
    expect(names).toContain(name);
    expect(names.some((each) => each.startsWith('Kunden'))).toBe(false);
    const query = { messages: true, uidNext: true, uidValidity: true, unseen: true, highestModseq: true } as const;
    expect(await imap.status(name, query)).toMatchObject({ messages: 1, uidNext: 2, unseen: 0 });
    const listed = await imap.list({ statusQuery: { messages: true } });
    expect(listed.find(({ path }) => path === name)?.status).toMatchObject({ messages: 1 });
    expect(listed.find(({ path }) => path === 'Trash')).toMatchObject({
      specialUse: '\\Trash',
      specialUseSource: 'extension',
    });
    await imap.mailboxUnsubscribe('Junk');
    await imap.mailboxSubscribe(name);
    const subscribed = (await imap.list()).filter((each) => each.subscribed).map(({ path }) => path);
    expect(subscribed).toContain(name);
    expect(subscribed).not.toContain('Junk');
    await imap.mailboxDelete(name);
    expect([...(await mailboxesOf(gateway, 'folders')).keys()]).not.toContain(name);
    await expect(imap.mailboxOpen(name)).rejects.toThrow();
  });

  it('searches', async () => {
    const subjects = ['Rechnung Nr. 1', 'Angebot', '=?utf-8?b?w5xiZXJ3ZWlzdW5n?=', 'Rechnung Nr. 2'];
    await using session = await connect(gateway, 'search');
    const { imap } = session;
    for (const [i, subject] of subjects.entries()) {
      const flags = i === 0 ? ['\\Seen', '$Paid'] : [];
      await imap.append('INBOX', message(subject), flags, new Date(Date.UTC(2026, i, 15)));
    }
    await imap.mailboxOpen('INBOX');
    const found = (query: Parameters<ImapFlow['search']>[0]) => imap.search(query, { uid: true });
    expect(await found({ all: true })).toEqual([1, 2, 3, 4]);
    expect(await found({ subject: 'rechnung' })).toEqual([1, 4]);
    expect(await found({ subject: 'Überweisung' })).toEqual([3]);
    expect(await found({ body: 'Grüße aus' })).toEqual([1, 2, 3, 4]);
    expect(await found({ keyword: '$Paid' })).toEqual([1]);
    expect(await found({ seen: false, subject: 'Rechnung' })).toEqual([4]);
    expect(await found({ or: [{ subject: 'Angebot' }, { keyword: '$Paid' }] })).toEqual([1, 2]);
    expect(await found({ not: { subject: 'Rechnung' } })).toEqual([2, 3]);
    expect(await found({ since: new Date('2026-02-10'), before: new Date('2026-03-16') })).toEqual([2, 3]);
    expect(await found({ from: 'joerg@example.com', header: { 'Message-ID': true } })).toEqual([1, 2, 3, 4]);
    expect(await found({ text: 'nowhere to be found' })).toEqual([]);
    expect(await imap.search({ all: true }, { uid: true, returnOptions: ['MIN', 'MAX', 'COUNT'] })).toMatchObject({
      min: 1,
      max: 4,
      count: 4,
    });
  });

  it('catches up with CONDSTORE and QRESYNC', async () => {
    await using one = await connect(gateway, 'sync', { qresync: true });
    await using two = await connect(gateway, 'sync');
    for (let i = 1; i <= 4; i++) await two.imap.append('INBOX', message(`number ${i}`));
    const opened = await one.imap.mailboxOpen('INBOX');
    const since = opened.highestModseq ?? 0n;
    expect(since).toBeGreaterThan(0n);
    await one.imap.mailboxClose();

    await two.imap.mailboxOpen('INBOX');
    await two.imap.messageFlagsAdd('2', ['\\Answered'], { uid: true });
    await two.imap.messageDelete('3', { uid: true });
    await two.imap.append('INBOX', message('number 5'));

    await one.imap.mailboxOpen('INBOX');
    const changed = await one.imap.fetchAll('1:*', { flags: true }, { uid: true, changedSince: since });
    expect(changed.map(({ uid, flags }) => [uid, [...(flags ?? [])].filter((f) => f !== '\\Recent')])).toEqual([
      [2, ['\\Answered']],
      [5, []],
    ]);
    for (const { modseq = 0n } of changed) expect(modseq).toBeGreaterThan(since);

    // RFC 7162 §3.1.3: a change since the given mod-sequence keeps the message as it is.
    await one.imap.messageFlagsAdd('1,2', ['$Stale'], { uid: true, unchangedSince: since });
    expect((await mailboxOf(gateway, 'sync', 'INBOX')).map(({ uid, flags }) => [uid, flags])).toEqual([
      [1, ['$Stale']],
      [2, ['\\Answered']],
      [4, []],
      [5, []],
    ]);

    const vanished = new Promise((resolve) => one.imap.once('expunge', resolve));
    await two.imap.messageDelete('5', { uid: true });
    await one.imap.noop();
    expect(await vanished).toMatchObject({ uid: 5, vanished: true });
  });
});

async function fetchOne(
  imap: ImapFlow,
  uid: string,
  query: Parameters<ImapFlow['fetchOne']>[1],
): Promise<FetchMessageObject> {
  const found = await imap.fetchOne(uid, query, { uid: true });
  if (found === false || found === undefined) throw new Error(`no message ${uid}`);
  return found;
}
