import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { checkpointCommand } from './commands/checkpoint.ts';
import { deliverCommand } from './commands/deliver.ts';
import { doctorCommand } from './commands/doctor.ts';
import { exportCommand } from './commands/export.ts';
import { importCommand } from './commands/import.ts';
import { reconstructCommand } from './commands/reconstruct.ts';
import { restoreCommand } from './commands/restore.ts';
import { serveCommand } from './commands/serve.ts';
import { undeleteCommand } from './commands/undelete.ts';
import { userCommand } from './commands/user.ts';
import { exitCode, failure } from './exit-codes.ts';

const manifest = new URL('../package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };

const program = new Command('cirrus')
  .version(version)
  .description('A mail store without a mail server to look after.')
  .option('-C, --config <file>', 'the configuration (else CIRRUS_CONFIG, else imapd.conf in the data folder)')
  .addCommand(serveCommand())
  .addCommand(userCommand())
  .addCommand(deliverCommand())
  .addCommand(importCommand())
  .addCommand(exportCommand())
  .addCommand(doctorCommand())
  .addCommand(checkpointCommand())
  .addCommand(reconstructCommand())
  .addCommand(restoreCommand())
  .addCommand(undeleteCommand());
for (const command of [program, ...allCommands(program)])
  command.exitOverride().showHelpAfterError('(--help says more)');

/** Does what the arguments of the process ask for, and sets its exit code. */
export async function runCommandLine(): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** Says on standard error what went wrong, and answers the exit code. */
function report(error: unknown): number {
  // Commander has said it.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
  const failed = failure(error);
  if (failed === undefined) {
    process.stderr.write(`cirrus: internal error: ${error instanceof Error ? error.stack : String(error)}\n`);
    return exitCode.software;
  }
  for (const line of failed.text.split('\n')) process.stderr.write(`cirrus: ${line}\n`);
  return failed.code;
}

function allCommands(command: Command): Command[] {
  return command.commands.flatMap((sub) => [sub, ...allCommands(sub)]);
}
