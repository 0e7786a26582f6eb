import { Command } from 'commander';
import { type RestoreTally, restore } from '../../lib/store/restore.ts';
import { CommandError, exitCode } from '../exit-codes.ts';
import { readSettings, withStore } from '../session.ts';

/** `cirrus restore` */
export function restoreCommand(): Command {
  return new Command('restore')
    .description('make an index that was put back to an earlier time fit to be served; no server may run meanwhile')
    .requiredOption('--to <time>', 'of when the index is, as 2026-11-24T03:00:00Z')
    .option('--drop-lost', 'messages that were removed for good since leave their mailboxes')
    .action((_options, command: Command) => run(command));
}

async function run(command: Command): Promise<void> {
  const options = command.optsWithGlobals<{ config?: string; to: string; dropLost?: boolean }>();
  const pointMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(options.to) ? Date.parse(options.to) : Number.NaN;
  if (Number.isNaN(pointMs))
    throw new CommandError(exitCode.usage, `--to ${options.to}: give it as 2026-11-24T03:00:00Z`);
  const progress = process.stderr.isTTY === true;
  const dropLost = options.dropLost === true;
  const tally = await withStore(
    readSettings(options),
    ({ store }) =>
      restore(store, {
        pointMs,
        dropLost,
        onProgress: (user, done) => {
          if (progress) process.stderr.write(`\r\u001b[K${line(done)}, ${user}`);
        },
      }),
    { rebuilds: true },
  );
  if (progress) process.stderr.write('\r\u001b[K');
  process.stdout.write(`${line(tally)}\n`);
  const { broughtBack, homeless, lost } = tally;
  if (broughtBack > 0) process.stdout.write(`${broughtBack} objects that had been deleted since are there again\n`);
  if (lost > 0) {
    const what = dropLost
      ? 'left their mailboxes'
      : 'cannot be read: bring their objects back (docs/backup.md), or run again with --drop-lost';
    process.stderr.write(`cirrus: ${lost} messages had been removed for good since, and ${what}\n`);
  }
  if (homeless > 0) process.stderr.write(`cirrus: ${homeless} messages, and no INBOX to put them into\n`);
}

function line({ accounts, mailboxes, adopted }: RestoreTally): string {
  return `${accounts} accounts, ${mailboxes} mailboxes: ${adopted} newer messages put into them`;
}
