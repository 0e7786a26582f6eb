import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { Directory } from '../../lib/store/directory.ts';
import { mailboxStatuses } from '../../lib/store/status.ts';
import { INBOX } from '../../lib/store/tree-view.ts';
import { CommandError, exitCode } from '../exit-codes.ts';
import { exportMailbox } from '../export/export-mailbox.ts';
import { folderOf } from '../export/maildir-names.ts';
import { Progress } from '../import/progress.ts';
import { pathGiven, readSettings, withStore } from '../session.ts';

/** `cirrus export maildir` */
export function exportCommand(): Command {
  const command = new Command('export').description('Write mail elsewhere; run again, it goes on where it ended.');
  command
    .command('maildir <path>')
    .description('all mailboxes of a user as a Maildir with Maildir++ subfolders (Sent/2024 becomes .Sent.2024)')
    .requiredOption('--user <name>', 'whose mail')
    .action((path: string, _options, self: Command) => run(path, self));
  return command;
}

async function run(path: string, command: Command): Promise<void> {
  const options = command.optsWithGlobals<{ config?: string; user: string }>();
  const root = pathGiven(path);
  await withStore(readSettings(options), async ({ store }) => {
    const user = await new Directory(store.ports.index).find(options.user);
    if (user === undefined) throw new CommandError(exitCode.noUser, `there is no user ${options.user}`);
    const { view } = await store.tree(user.tree).refresh();
    const bindings = [...view.state.bindings].sort(([a], [b]) => (a < b ? -1 : 1));
    const statuses = await mailboxStatuses(
      store.ports.index,
      bindings.map(([, { mailbox }]) => mailbox),
    );
    for (const [i, [name, binding]] of bindings.entries()) {
      const progress = new Progress(name, statuses[i]?.exists ?? 0);
      const folder = join(root, folderOf(name));
      const { exported, before } = await exportMailbox(store, user.space, binding, folder, () => progress.add(1))
        .catch(told)
        .finally(() => progress.end());
      // What tells a subfolder from a Maildir of its own (Maildir++).
      if (name !== INBOX) await writeFile(join(folder, 'maildirfolder'), '', { mode: 0o600 }).catch(told);
      const there = before > 0 ? `, ${before} were there already` : '';
      process.stdout.write(`${name}: ${exported} ${exported === 1 ? 'message' : 'messages'} exported${there}\n`);
    }
  });
}

/** What is wrong with the folder is told in a sentence. */
function told(error: unknown): never {
  if (error instanceof Error && 'syscall' in error) {
    throw new CommandError(exitCode.cannotCreate, `cannot write there: ${error.message}`, { cause: error });
  }
  throw error;
}
