import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Gateway, PASSWORD } from './gateway.ts';
import { mailboxesOf, pythonScript } from './mailboxes.ts';
import { makeMaildir, readMaildir } from './maildir.ts';
import { runWell } from './run.ts';

/** Folders by their names on the server; mbsync keeps them under the names they have on the wire. */
export const BOOKS = 'Lokal/Bücher';
export const THERE = 'Dort/日本語';
const ON_THE_WIRE = new Map([
  [BOOKS, 'Lokal/B&APw-cher'],
  [THERE, 'Dort/&ZeVnLIqe-'],
]);

/** The Maildir of a folder. */
export function folderOf(maildirs: string, name: string): string {
  return join(maildirs, ON_THE_WIRE.get(name) ?? name);
}

/** Answers a function that synchronises once. */
export async function configure(
  gateway: Gateway,
  user: string,
  inTls: boolean,
  maildirs: string,
): Promise<() => Promise<unknown>> {
  await makeMaildir(join(maildirs, 'INBOX'));
  const file = join(gateway.workFolder, `${user}.mbsyncrc`);
  const password = join(gateway.workFolder, 'password');
  await writeFile(password, PASSWORD);
  const lines = [
    'IMAPAccount there',
    `Host ${gateway.host}`,
    `Port ${inTls ? gateway.imapsPort : gateway.imapPort}`,
    `User ${user}`,
    `PassCmd "cat ${password}"`,
    `SSLType ${inTls ? 'IMAPS' : 'STARTTLS'}`,
    'SystemCertificates no',
    `CertificateFile ${gateway.certificate}`,
    '',
    'IMAPStore there',
    'Account there',
    '',
    'MaildirStore here',
    `Path ${maildirs}/`,
    `Inbox ${maildirs}/INBOX`,
    'SubFolders Verbatim',
    '',
    'Channel all',
    'Far :there:',
    'Near :here:',
    'Patterns *',
    'Create Both',
    'Expunge Both',
    'SyncState *',
    '',
  ];
  await writeFile(file, lines.join('\n'));
  return () => runWell('mbsync', ['--config', file, '--all'], { timeoutMs: 600_000 });
}

/** Hands messages in over one LMTP connection. */
export async function deliverMany(gateway: Gateway, user: string, messages: readonly Buffer[]): Promise<void> {
  const input = JSON.stringify(messages.map((each) => each.toString()));
  await runWell('python3', [pythonScript('deliver_many.py'), gateway.host, String(gateway.lmtpPort), user], {
    input,
  });
}

/** Expects the same messages with the same flags on both sides. */
export async function expectAlike(
  gateway: Gateway,
  user: string,
  maildirs: string,
  names: readonly string[],
): Promise<void> {
  const mailboxes = await mailboxesOf(gateway, user);
  for (const name of names) {
    const here = (await readMaildir(folderOf(maildirs, name))).map(({ letters, body }) => [bare(body), letters]);
    const there = (mailboxes.get(name) ?? []).map(({ flags, body }) => [bare(body), lettersOf(flags)]);
    expect(here.sort(), name).toEqual(there.sort());
  }
}
/** Without the line by which mbsync finds its own uploads again. */
export function bare(body: Buffer | undefined): string {
  return body?.toString('latin1').replace(/^X-TUID: .*\r\n/m, '') ?? '';
}

function lettersOf(flags: readonly string[]): string {
  const letters: Readonly<Record<string, string>> = {
    '\\Answered': 'R',
    '\\Deleted': 'T',
    '\\Draft': 'D',
    '\\Flagged': 'F',
    '\\Seen': 'S',
  };
  return flags
    .flatMap((flag) => letters[flag] ?? [])
    .sort()
    .join('');
}
