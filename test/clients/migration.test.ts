import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Gateway, PASSWORD, startGateway } from './gateway.ts';
import { connect } from './imapflow.ts';
import { mailboxesOf } from './mailboxes.ts';
import { message } from './messages.ts';
import { describeWith } from './programs.ts';
import { runWell } from './run.ts';

const OLD = 'tux';
const NEW = 't.tux';
const ARRIVED = new Date('2007-04-07T01:03:06+02:00');

/** Answers a function that brings the account {@link NEW} up to what {@link OLD} has. */
async function configure(gateway: Gateway): Promise<() => Promise<unknown>> {
  const password = join(gateway.workFolder, 'password');
  await writeFile(password, PASSWORD);
  const store = (name: string, user: string): string[] => [
    `IMAPAccount ${name}`,
    `Host ${gateway.host}`,
    `Port ${gateway.imapsPort}`,
    `User ${user}`,
    `PassCmd "cat ${password}"`,
    'SSLType IMAPS',
    'SystemCertificates no',
    `CertificateFile ${gateway.certificate}`,
    '',
    `IMAPStore ${name}`,
    `Account ${name}`,
    '',
  ];
  const channel = [
    'Channel move',
    'Far :old:',
    'Near :new:',
    'Patterns *',
    'Sync Pull',
    'Create Near',
    'Expunge Near',
    'CopyArrivalDate yes',
    `SyncState ${gateway.workFolder}/state/`,
    '',
  ];
  const file = join(gateway.workFolder, 'mbsyncrc');
  await writeFile(file, [...store('old', OLD), ...store('new', NEW), ...channel].join('\n'));
  return () => runWell('mbsync', ['--config', file, '--all']);
}

describeWith(['mbsync', 'python3'], 'an account moves from one server to another by IMAP (mbsync)', () => {
  it('with folders, flags and dates; run again it brings what has changed, and then nothing', async () => {
    await using gateway = await startGateway([OLD, NEW]);
    await using session = await connect(gateway, OLD);
    const { imap } = session;
    for (const name of ['Entwürfe', 'Arbeit/2007']) await imap.mailboxCreate(name);
    const flags = [[], ['\\Seen'], ['\\Seen', '\\Answered', '\\Flagged']];
    for (const [i, each] of flags.entries()) await imap.append('INBOX', message(`in ${i}`), each, ARRIVED);
    await imap.append('Entwürfe', message('draft'), ['\\Draft'], ARRIVED);
    await imap.append('Arbeit/2007', message('work'), [], ARRIVED);
    const migrate = await configure(gateway);

    const expectAlike = async (): Promise<void> => {
      const [from, to] = await Promise.all([mailboxesOf(gateway, OLD), mailboxesOf(gateway, NEW)]);
      expect([...to.keys()].sort()).toEqual([...from.keys()].sort());
      for (const [name, messages] of from) {
        // mbsync puts a line of its own into what it uploads.
        const plain = (body: Buffer): string => body.toString('latin1').replace(/^X-TUID: .*\r\n/m, '');
        const seen = (all: typeof messages) => all.map(({ flags, body }) => ({ flags, body: plain(body) }));
        expect(seen(to.get(name) ?? []), name).toEqual(seen(messages));
      }
    };
    await migrate();
    await expectAlike();
    await using moved = await connect(gateway, NEW);
    await moved.imap.mailboxOpen('INBOX');
    const dates = await moved.imap.fetchAll('1:*', { internalDate: true });
    expect(dates.map(({ internalDate }) => internalDate)).toEqual(flags.map(() => ARRIVED));

    // The old server serves on meanwhile: what changes there comes with the next run, and nothing else moves.
    await imap.mailboxOpen('INBOX');
    await imap.messageFlagsAdd('1', ['\\Flagged']);
    await imap.messageDelete('2');
    await imap.append('INBOX', message('new'), [], ARRIVED);
    await migrate();
    await expectAlike();
    const before = await mailboxesOf(gateway, NEW);
    await migrate();
    expect(await mailboxesOf(gateway, NEW)).toEqual(before);
  });
});
