import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { type Gateway, PASSWORD, startGateway } from './gateway.ts';
import { expectDelivered, handIn, mailboxesOf, mailboxOf } from './mailboxes.ts';
import { makeMaildir, readMaildir } from './maildir.ts';
import { message } from './messages.ts';
import { describeWith } from './programs.ts';
import { runWell } from './run.ts';

const retrievers = { pop3: 'SimplePOP3SSLRetriever', imap: 'SimpleIMAPSSLRetriever' } as const;
type Protocol = keyof typeof retrievers;
/** What it adds to the header by itself. */
const OF_GETMAIL = /^X-getmail-.*\r\n/gm;

describeWith(['getmail', 'swaks', 'python3'], 'getmail', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway(['pop3', 'imap', 'moves']);
    return () => gateway[Symbol.asyncDispose]();
  });

  it.each(['pop3', 'imap'] as const)('takes what is new, keeps or deletes the rest: %s', async (user) => {
    const maildir = join(gateway.workFolder, `maildir-${user}`);
    await makeMaildir(maildir);
    const getmail = await configure(user, user, maildir);
    const sent = [message('one'), message('two')];
    for (const each of sent) await handIn(gateway, [user], each);
    await getmail();
    await expectTaken(maildir, sent);
    // It knows by their unique ids what it has taken already.
    const third = message('three');
    await handIn(gateway, [user], third);
    await getmail();
    await expectTaken(maildir, [...sent, third]);
    expect(await mailboxOf(gateway, user, 'INBOX')).toHaveLength(3);
    await getmail('--delete', '--all');
    expect(await mailboxOf(gateway, user, 'INBOX')).toEqual([]);
  });

  it('moves what it has taken to another folder', async () => {
    const maildir = join(gateway.workFolder, 'maildir-moves');
    await makeMaildir(maildir);
    const getmail = await configure('imap', 'moves', maildir, ['mailboxes = ("INBOX",)', 'move_on_delete = Archive']);
    const sent = message('to be moved');
    await handIn(gateway, ['moves'], sent);
    await getmail('--delete');
    await expectTaken(maildir, [sent]);
    const mailboxes = await mailboxesOf(gateway, 'moves');
    expect(mailboxes.get('INBOX')).toEqual([]);
    expectDelivered(mailboxes.get('Archive')?.[0]?.body, sent);
  });

  async function configure(protocol: Protocol, user: string, maildir: string, more: readonly string[] = []) {
    const file = join(gateway.workFolder, `getmail-${user}`);
    const lines = [
      '[retriever]',
      `type = ${retrievers[protocol]}`,
      // The certificate names the host, not its address.
      'server = localhost',
      `port = ${protocol === 'pop3' ? gateway.pop3sPort : gateway.imapsPort}`,
      `ca_certs = ${gateway.certificate}`,
      `username = ${user}`,
      `password = ${PASSWORD}`,
      ...more,
      '[destination]',
      // Its own Maildir destination refuses to run as root.
      'type = MDA_external',
      'path = /bin/sh',
      `arguments = ("-c", 'cat > "$(mktemp -p ${maildir}/new)"')`,
      'allow_root_commands = true',
      '[options]',
      'read_all = false',
      'delivered_to = false',
      'received = false',
      'verbose = 2',
    ];
    await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    const { workFolder } = gateway;
    return (...args: string[]) =>
      runWell('getmail', [`--getmaildir=${workFolder}`, `--rcfile=${file}`, ...args], { env: { HOME: workFolder } });
  }

  /** Expects the messages in the Maildir, in whatever order their files are. */
  async function expectTaken(maildir: string, sent: readonly Buffer[]): Promise<void> {
    const found = await readMaildir(maildir);
    expect(found).toHaveLength(sent.length);
    for (const each of sent) {
      const [id] = /^Message-ID: .*$/m.exec(each.toString()) ?? [''];
      const text = found.find(({ body }) => body.includes(id))?.body.toString('latin1') ?? '';
      expectDelivered(Buffer.from(text.replace(OF_GETMAIL, ''), 'latin1'), each);
    }
  }
});
