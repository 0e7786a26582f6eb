import { Command } from 'commander';
import { generatePassword, hashPassword } from '../../lib/auth/password.ts';
import { size } from '../../lib/base/config-values.ts';
import { Account } from '../../lib/store/account.ts';
import { isCommons } from '../../lib/store/commons.ts';
import { Directory, type User } from '../../lib/store/directory.ts';
import type { MailStore } from '../../lib/store/mail-store.ts';
import { INBOX } from '../../lib/store/tree-view.ts';
import { addUser, removeUser, setUserQuota } from '../../lib/store/users.ts';
import { CommandError, exitCode } from '../exit-codes.ts';
import { readPassword } from '../read-password.ts';
import { readSettings, type Settings, withNewStore, withStore } from '../session.ts';

const PASSWORD_HELP = 'take the password from standard input; without this one is made up and shown';

/** `cirrus user add|passwd|quota|list|remove` */
export function userCommand(): Command {
  const user = new Command('user').description('Users: their names, passwords and quotas.');
  user
    .command('add <name>')
    .description('add a user with INBOX and the usual folders')
    .option('--password-stdin', PASSWORD_HELP)
    .option('--quota <size>', 'how much mail the user may keep, such as 500M or 2G')
    .option('--admin', 'an administrator: without mailboxes')
    .action((name: string, _options, command: Command) => add(name, command));
  user
    .command('passwd <name>')
    .description('give a user another password')
    .option('--password-stdin', PASSWORD_HELP)
    .action((name: string, _options, command: Command) => changePassword(name, command));
  user
    .command('quota <name> <size>')
    .description('how much mail a user may keep, such as 500M or 2G, or none for no limit')
    .action((name: string, size: string, _options, command: Command) => changeQuota(name, size, command));
  user
    .command('list')
    .description('list the users, one per line')
    .action((_options, command: Command) => list(readSettings(command.optsWithGlobals())));
  user
    .command('remove <name>')
    .description('remove a user; the mail is kept until the grace is over')
    .action((name: string, _options, command: Command) => remove(name, command));
  return user;
}

interface UserOptions {
  readonly config?: string;
  readonly passwordStdin?: boolean;
  readonly quota?: string;
  readonly admin?: boolean;
}

async function add(name: string, command: Command): Promise<void> {
  const options = command.optsWithGlobals<UserOptions>();
  const settings = readSettings(options);
  const quotaKib = options.quota === undefined ? undefined : kibOf(options.quota);
  const { password, madeUp } = await choosePassword(options);
  const verifier = await hashPassword(password);
  await withNewStore(settings, ({ store }) =>
    addUser(store, { name, verifier, quotaKib, withoutMailboxes: options.admin === true }),
  );
  process.stdout.write(madeUp ? `user ${name} added, password: ${password}\n` : `user ${name} added\n`);
  if (options.admin === true && !settings.config.admins.includes(name)) {
    const admins = [...settings.config.admins, name].join(' ');
    process.stdout.write(`to make ${name} an administrator, say so in the configuration: admins: ${admins}\n`);
  }
}

async function changePassword(name: string, command: Command): Promise<void> {
  const options = command.optsWithGlobals<UserOptions>();
  const settings = readSettings(options);
  await withStore(settings, async ({ store }) => {
    const user = await mustFind(store, name);
    const { password, madeUp } = await choosePassword(options);
    await new Directory(store.ports.index).update({ ...user, verifier: await hashPassword(password) });
    process.stdout.write(madeUp ? `new password of ${name}: ${password}\n` : `password of ${name} changed\n`);
  });
}

async function changeQuota(name: string, given: string, command: Command): Promise<void> {
  const quotaKib = given.toLowerCase() === 'none' ? undefined : kibOf(given);
  await withStore(readSettings(command.optsWithGlobals()), async ({ store }) => {
    const user = await mustFind(store, name);
    await setUserQuota(store, user, quotaKib);
    process.stdout.write(`${name}: ${await usageOf(store, user)}\n`);
  });
}

async function choosePassword(options: UserOptions): Promise<{ readonly password: string; readonly madeUp: boolean }> {
  if (options.passwordStdin === true) return { password: await readPassword(process.stdin), madeUp: false };
  return { password: generatePassword(), madeUp: true };
}

async function list(settings: Settings): Promise<void> {
  await withStore(settings, async ({ store }) => {
    for await (const user of new Directory(store.ports.index).list()) {
      if (isCommons(user.name)) continue;
      const role = settings.config.admins.includes(user.name) ? 'administrator' : 'user';
      process.stdout.write(`${[user.name, role, await usageOf(store, user)].join('\t')}\n`);
    }
  });
}

/** As in `12.3 MiB of 2 GiB`; '' without a quota. */
async function usageOf(store: MailStore, user: User): Promise<string> {
  const { view } = await new Account(store, user).tree.refresh();
  const root = view.quotaRootOf(INBOX)?.root;
  if (root?.storageKib === undefined) return 'no quota';
  const { bytes } = await store.quota.usage(root);
  return `${mebibytes(bytes)} of ${mebibytes(root.storageKib * 1024)}`;
}

function mebibytes(bytes: number): string {
  const value = bytes / 1024 ** 2;
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} MiB`;
}

async function remove(name: string, command: Command): Promise<void> {
  await withStore(readSettings(command.optsWithGlobals()), ({ store }) => removeUser(store, name));
  process.stdout.write(`user ${name} removed\n`);
}

async function mustFind(store: MailStore, name: string): Promise<User> {
  const user = await new Directory(store.ports.index).find(name);
  if (user === undefined) throw new CommandError(exitCode.noUser, `there is no user ${name}`);
  return user;
}

function kibOf(text: string): number {
  const bytes = size('0', '').safeParse(text);
  if (bytes.success && bytes.data > 0) return Math.ceil(bytes.data / 1024);
  throw new CommandError(exitCode.usage, `${text} is not a quota: give a size such as 500M or 2G`);
}
