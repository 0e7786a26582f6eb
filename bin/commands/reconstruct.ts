import { Command } from 'commander';
import { type ReconstructTally, reconstruct } from '../../lib/store/reconstruct.ts';
import { CommandError, exitCode } from '../exit-codes.ts';
import { readSettings, withNewStore } from '../session.ts';

/** `cirrus reconstruct` */
export function reconstructCommand(): Command {
  return new Command('reconstruct')
    .description('build a lost index again from the checkpoints and messages; no server may run meanwhile')
    .option('--only-missing', 'where the index has users: rebuild the accounts that it lacks')
    .action((_options, command: Command) => run(command));
}

async function run(command: Command): Promise<void> {
  const options = command.optsWithGlobals<{ config?: string; onlyMissing?: boolean }>();
  const progress = process.stderr.isTTY === true;
  const startedMs = performance.now();
  const tally = await withNewStore(
    readSettings(options),
    ({ store }) =>
      reconstruct(store, {
        onlyMissing: options.onlyMissing === true,
        onProgress: (user, done) => {
          if (progress) process.stderr.write(`\r\u001b[K${line(done)}, ${user}`);
        },
        onWarning: (text) => process.stderr.write(`${progress ? '\r\u001b[K' : ''}cirrus: ${text}\n`),
      }),
    { rebuilds: true },
  );
  if (progress) process.stderr.write('\r\u001b[K');
  process.stdout.write(`${line(tally)}, ${Math.round((performance.now() - startedMs) / 1000)} s\n`);
  if (tally.accounts === 0) throw new CommandError(exitCode.noInput, 'there are no checkpoints here (see -C)');
  if (tally.failed > 0) {
    throw new CommandError(
      exitCode.data,
      `${tally.failed} accounts did not come back: nothing is served until they do`,
    );
  }
}

function line({ accounts, rebuilt, before, mailboxes, messages, adopted }: ReconstructTally): string {
  const there = before > 0 ? `, ${before} were there` : '';
  return `${rebuilt} of ${accounts} accounts rebuilt${there}: ${mailboxes} mailboxes, ${messages} messages, ${adopted} of them newer than the checkpoint`;
}
