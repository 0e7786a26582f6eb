import { Command } from 'commander';
import { runCheckpoints } from '../../lib/store/checkpoint-run.ts';
import { CommandError, exitCode } from '../exit-codes.ts';
import { readSettings, withStore } from '../session.ts';

/** `cirrus checkpoint` */
export function checkpointCommand(): Command {
  return new Command('checkpoint')
    .description('write a checkpoint of every account that changed since its last one; the server does so once a day')
    .action((_options, command: Command) => run(command));
}

async function run(command: Command): Promise<void> {
  const settings = readSettings(command.optsWithGlobals<{ config?: string }>());
  const progress = process.stderr.isTTY === true;
  const tally = await withStore(settings, ({ store }) =>
    runCheckpoints(store, {
      now: true,
      onProgress: (user, { accounts }) => {
        if (progress) process.stderr.write(`\r\u001b[K${accounts} accounts, ${user}`);
      },
      onAlarm: (where, error) =>
        process.stderr.write(`cirrus: ${where}: ${error instanceof Error ? error.message : String(error)}\n`),
    }),
  );
  if (progress) process.stderr.write('\r\u001b[K');
  const { accounts, written, deleted, alarms } = tally;
  process.stdout.write(`${accounts} accounts: ${written} checkpoints written, ${deleted} old ones deleted\n`);
  if (alarms > 0) throw new CommandError(exitCode.data, `${alarms} accounts could not be read: see cirrus doctor`);
}
