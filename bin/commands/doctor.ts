import { Command } from 'commander';
import { examine, type Findings } from '../../lib/store/doctor.ts';
import { readSettings, withStore } from '../session.ts';

/** Findings shown without `--verbose`: all faults up to this, no notes. */
const SHOWN = 20;

/** `cirrus doctor [--verbose]` */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('read everything and check that it is whole; changes nothing, may run beside the server')
    .option('--verbose', 'show every finding, notes too')
    .action((_options, command: Command) => run(command));
}

async function run(command: Command): Promise<void> {
  const options = command.optsWithGlobals<{ config?: string; verbose?: boolean }>();
  const progress = process.stderr.isTTY === true;
  const findings = await withStore(readSettings(options), ({ store }) =>
    examine(store, {
      onProgress: (user, { examined }) => {
        if (progress) process.stderr.write(`\r\u001b[K${user}: ${examined.messages} messages examined`);
      },
    }),
  );
  if (progress) process.stderr.write('\r\u001b[K');
  process.stdout.write(report(findings, options.verbose === true));
  // Not a failure of the command: what it was asked for, it did.
  if (findings.faults > 0) process.exitCode = 1;
}

/** The lines for people; the last one sums up. */
export function report(findings: Findings, verbose: boolean): string {
  const { listed, faults, notes, examined } = findings;
  const shown = verbose ? listed : listed.filter(({ severity }) => severity === 'fault').slice(0, SHOWN);
  const lines = shown.map(
    ({ severity, code, where, text, advice }) => `${severity}: ${code}: ${where}: ${text} (${advice})`,
  );
  const counted = verbose ? faults + notes : faults;
  if (counted > shown.length) {
    lines.push(`${counted - shown.length} more${verbose ? '' : ' (--verbose shows the first of each kind)'}`);
  }
  const { users, mailboxes, messages, bytes } = examined;
  const mib = (bytes / 1024 ** 2).toFixed(1);
  const what = [count(users, 'user'), count(mailboxes, 'mailbox', 'es'), count(messages, 'message'), `${mib} MiB`];
  const hidden = notes > 0 && !verbose ? ' (--verbose shows them)' : '';
  lines.push(`${what.join(', ')}: ${count(faults, 'fault')}, ${count(notes, 'note')}${hidden}`);
  return `${lines.join('\n')}\n`;
}

function count(number: number, noun: string, plural = 's'): string {
  return `${number === 0 ? 'no' : number} ${noun}${number === 1 ? '' : plural}`;
}
