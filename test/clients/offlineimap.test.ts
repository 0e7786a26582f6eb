import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { type Gateway, PASSWORD, startGateway } from './gateway.ts';
import { connect } from './imapflow.ts';
import { expectDelivered, handIn, mailboxesOf, mailboxOf } from './mailboxes.ts';
import { addToMaildir, makeMaildir, readMaildir, removeFromMaildir, setLetters } from './maildir.ts';
import { message } from './messages.ts';
import { describeWith } from './programs.ts';
import { runWell } from './run.ts';

describeWith(['offlineimap', 'swaks', 'python3'], 'offlineimap', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway(['tux']);
    return () => gateway[Symbol.asyncDispose]();
  });

  it('keeps a Maildir and the server alike', async () => {
    const maildirs = join(gateway.workFolder, 'offline');
    await mkdir(maildirs);
    const offlineimap = await configure('tux', maildirs);
    const sent = [message('one'), message('two'), message('three')];
    for (const each of sent) await handIn(gateway, ['tux'], each);
    await offlineimap();
    expect(await readdir(maildirs)).toEqual(expect.arrayContaining(['INBOX', 'Archive', 'Trash']));
    const [one, two] = await bySubject(join(maildirs, 'INBOX'));
    if (one === undefined || two === undefined) throw new Error('nothing has come');
    expectDelivered(one.body, sent[0] ?? Buffer.alloc(0));

    await setLetters(one, 'FS');
    await removeFromMaildir(two);
    await makeMaildir(join(maildirs, 'Here'));
    await addToMaildir(join(maildirs, 'Here'), '1700000000_0.1.host', 'S', message('made here'));
    await using session = await connect(gateway, 'tux');
    await session.imap.mailboxCreate('There');
    await session.imap.append('There', message('made there'), ['\\Flagged']);
    await offlineimap();
    expect(await mailboxOf(gateway, 'tux', 'INBOX')).toMatchObject([
      { uid: 1, flags: ['\\Flagged', '\\Seen'] },
      { uid: 3 },
    ]);
    expect(await mailboxOf(gateway, 'tux', 'Here')).toMatchObject([{ flags: ['\\Seen'] }]);
    expect(await readMaildir(join(maildirs, 'There'))).toMatchObject([{ letters: 'F' }]);

    const before = await mailboxesOf(gateway, 'tux');
    await offlineimap();
    expect(await mailboxesOf(gateway, 'tux')).toEqual(before);
  });

  async function bySubject(folder: string) {
    const order = ['one', 'two', 'three'];
    const subject = (body: Buffer) => order.indexOf(/^Subject: (.*)\r$/m.exec(body.toString())?.[1] ?? '');
    return [...(await readMaildir(folder))].sort((a, b) => subject(a.body) - subject(b.body));
  }

  async function configure(user: string, maildirs: string): Promise<() => Promise<unknown>> {
    const file = join(gateway.workFolder, 'offlineimaprc');
    const lines = [
      '[general]',
      'accounts = it',
      `metadata = ${gateway.workFolder}/metadata`,
      'ui = basic',
      '[Account it]',
      'localrepository = here',
      'remoterepository = there',
      '[Repository here]',
      'type = Maildir',
      `localfolders = ${maildirs}`,
      'sep = /',
      '[Repository there]',
      'type = IMAP',
      // It looks for names in certificates only, not for addresses.
      'remotehost = localhost',
      `remoteport = ${gateway.imapsPort}`,
      `remoteuser = ${user}`,
      `remotepass = ${PASSWORD}`,
      'ssl = yes',
      `sslcacertfile = ${gateway.certificate}`,
      'maxconnections = 3',
    ];
    await writeFile(file, `${lines.join('\n')}\n`);
    return () => runWell('offlineimap', ['-o', '-c', file], { env: { HOME: gateway.workFolder } });
  }
});
