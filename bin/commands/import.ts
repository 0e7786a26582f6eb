import { Command } from 'commander';
import { Account, type OpenMailbox } from '../../lib/store/account.ts';
import { Directory } from '../../lib/store/directory.ts';
import { StoreError } from '../../lib/store/errors.ts';
import type { MailStore } from '../../lib/store/mail-store.ts';
import { createMailbox, setSubscribed } from '../../lib/store/names.ts';
import { CommandError, exitCode } from '../exit-codes.ts';
import { type Imported, importFolder } from '../import/import-folder.ts';
import { readMaildir } from '../import/maildir.ts';
import { readMbox } from '../import/mbox.ts';
import { Progress } from '../import/progress.ts';
import type { SourceFolder } from '../import/source.ts';
import { pathGiven, readSettings, withStore } from '../session.ts';

type Reader = (path: string, into: string) => Promise<readonly SourceFolder[]>;

/** `cirrus import maildir|mbox` */
export function importCommand(): Command {
  const command = new Command('import').description('Bring mail from elsewhere; run again, it goes on where it ended.');
  const add = (name: string, description: string, read: Reader): void => {
    command
      .command(`${name} <path>`)
      .description(description)
      .requiredOption('--user <name>', 'whose mail it becomes')
      .option('--folder <name>', 'the mailbox it becomes, made when it is not there', 'INBOX')
      .action((path: string, _options, self: Command) => run(path, read, self));
  };
  add('maildir', 'a Maildir with its Maildir++ subfolders (.Sent.2024 becomes Sent/2024)', readMaildir);
  add('mbox', 'an mbox file', async (path, into) => [await readMbox(path, into)]);
  return command;
}

async function run(path: string, read: Reader, command: Command): Promise<void> {
  const options = command.optsWithGlobals<{ config?: string; user: string; folder: string }>();
  const folders = await read(pathGiven(path), options.folder);
  await withStore(readSettings(options), async ({ store }) => {
    const user = await new Directory(store.ports.index).find(options.user);
    if (user === undefined) throw new CommandError(exitCode.noUser, `there is no user ${options.user}`);
    const account = new Account(store, user);
    for (const folder of folders) await importOne(store, account, folder);
  });
}

async function importOne(store: MailStore, account: Account, folder: SourceFolder): Promise<void> {
  const open = await openOrCreate(account, folder.mailbox);
  const progress = new Progress(folder.mailbox, folder.total);
  const result = await importFolder(open, folder, (weight) => progress.add(weight)).finally(() => progress.end());
  await store.quota.flush();
  process.stdout.write(`${folder.mailbox}: ${summary(result)}\n`);
}

function summary({ imported, before, vanished, keywordsLost }: Imported): string {
  const parts = [`${imported} ${imported === 1 ? 'message' : 'messages'} imported`];
  if (before > 0) parts.push(`${before} were there already`);
  if (vanished > 0) parts.push(`${vanished} went away meanwhile (run again)`);
  if (keywordsLost > 0) parts.push(`${keywordsLost} keywords left out: a mailbox has no room for more`);
  return parts.join(', ');
}

async function openOrCreate(account: Account, name: string): Promise<OpenMailbox> {
  try {
    return await account.open(name, 'i');
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'nonexistent') throw error;
  }
  try {
    await createMailbox(account, name);
    await setSubscribed(account, name, true);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'already-exists') throw error;
  }
  return account.open(name, 'i');
}
