import { Command } from 'commander';
import { Directory, type User } from '../../lib/store/directory.ts';
import type { MailStore } from '../../lib/store/mail-store.ts';
import {
  type DeletedThing,
  deletedMailboxes,
  expungedMessages,
  undeleteMailbox,
  undeleteMessages,
} from '../../lib/store/undelete.ts';
import { CommandError, exitCode } from '../exit-codes.ts';
import { readSettings, withStore } from '../session.ts';

interface Options {
  readonly config?: string;
  readonly user: string;
  readonly as?: string;
  readonly since?: string;
}

/** `cirrus undelete list|mailbox|messages` */
export function undeleteCommand(): Command {
  const command = new Command('undelete').description('Bring back what was deleted and is not yet removed for good.');
  const add = (name: string, description: string): Command =>
    command.command(name).description(description).requiredOption('--user <name>', 'whose mail');
  add('list', 'what could be brought back').action((_options, self: Command) => onStore(self, list));
  add('mailbox <name>', 'a deleted mailbox with its messages and flags')
    .option('--as <name>', 'under another name')
    .action((name: string, _options, self: Command) =>
      onStore(self, async (store, user, { as }) => {
        await undeleteMailbox(store, user, name, as);
        process.stdout.write(`${as ?? name} is back\n`);
      }),
    );
  add('messages <mailbox>', 'messages expunged from a mailbox that are in no other; their flags are lost')
    .option('--since <time>', 'only those expunged since then, as 2026-11-24T03:00:00Z')
    .action((name: string, _options, self: Command) =>
      onStore(self, async (store, user, { since }) => {
        const count = await undeleteMessages(store, user, name, since === undefined ? 0 : timeOf(since));
        process.stdout.write(`${name}: ${count} ${count === 1 ? 'message is' : 'messages are'} back\n`);
      }),
    );
  return command;
}

async function onStore(
  command: Command,
  run: (store: MailStore, user: User, options: Options) => Promise<void>,
): Promise<void> {
  const options = command.optsWithGlobals<Options>();
  await withStore(readSettings(options), async ({ store }) => {
    const user = await new Directory(store.ports.index).find(options.user);
    if (user === undefined) throw new CommandError(exitCode.noUser, `there is no user ${options.user}`);
    await run(store, user, options);
  });
}

async function list(store: MailStore, user: User): Promise<void> {
  const [mailboxes, messages] = [await deletedMailboxes(store, user), await expungedMessages(store, user)];
  for (const one of mailboxes) process.stdout.write(`mailbox ${line(one)}\n`);
  for (const one of messages) process.stdout.write(`messages of ${line(one)}\n`);
  if (mailboxes.length + messages.length === 0) process.stdout.write('nothing\n');
}

function line({ name, timeMs, messages }: DeletedThing): string {
  return `${name}: ${messages}, deleted ${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}

function timeOf(text: string): number {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new CommandError(exitCode.usage, `${text}: give the time as 2026-11-24T03:00:00Z`);
  return time;
}
