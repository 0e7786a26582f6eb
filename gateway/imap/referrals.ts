import type { ServedElsewhere } from '../../lib/auth/referrals.ts';
import { accountPrefix, OTHER_USERS, SHARED_FOLDERS } from '../../lib/store/account.ts';
import { listNames } from '../../lib/store/list-names.ts';
import type { ListedName } from '../../lib/store/names.ts';
import { INBOX, SEPARATOR } from '../../lib/store/tree-view.ts';
import type { Context } from './context.ts';
import { no, type Reply } from './reply.ts';
import type { ImapCommand } from './wire/commands.ts';
import { mailboxUrl, serverUrl } from './wire/write/imap-url.ts';
import { referral } from './wire/write/response-code.ts';

/** A name as LIST knows it. */
export interface SeenName extends ListedName {
  /** The mailbox is on another server: whether it exists is not known here. */
  readonly isRemote?: true;
}

/** RFC 2221 §4.1; the mechanism of AUTHENTICATE is the one to use there too, null: it was LOGIN. */
export function referLogin({ user, server }: ServedElsewhere, mechanism: string | null): Reply {
  return no(`This user is served by ${server}`, referral([serverUrl(server, user, mechanism)]));
}

/** What a command about a mailbox of another server is answered (RFC 2193 §4); undefined: it is to be run here. */
export function referCommand(context: Context, command: ImapCommand): Reply | undefined {
  switch (command.name) {
    case 'SELECT':
    case 'EXAMINE':
      // They close the mailbox before, and refer then.
      return undefined;
    case 'SUBSCRIBE':
    case 'UNSUBSCRIBE':
      // What is subscribed is the user's own: it is kept here, wherever the mailbox is.
      return undefined;
    case 'RENAME':
      return referNames(context, [command.from, command.to]);
    default:
      return 'mailbox' in command && command.mailbox !== null ? referNames(context, [command.mailbox]) : undefined;
  }
}

/** RENAME has two names, and then both have URLs (RFC 2193 §4.3); the others one. */
export function referNames(context: Context, names: readonly string[]): Reply | undefined {
  if (context.options.referrals === undefined) return undefined;
  const servers = names.map((name) => serverOf(context, name));
  const elsewhere = servers.find((server) => server !== undefined);
  if (elsewhere === undefined) return undefined;
  const urls = names.map((name, i) =>
    mailboxUrl(servers[i] ?? context.options.servername, context.account.user.name, context.names.toWire(name)),
  );
  return no(`This mailbox is on ${elsewhere}`, referral(urls));
}

/**
 * All names that the user can see; with `remote` those on other servers too (RFC 2193 §5, RFC 5258 §3.1): what is subscribed of
 * them, or was shared here once, and for administrators the INBOX of each user that the configuration names.
 */
export async function seenNames(context: Context, remote: boolean): Promise<readonly SeenName[]> {
  const { account, names, options } = context;
  const rows = await listNames(account, names);
  if (options.referrals === undefined) return rows;
  const seen = new Map<string, SeenName>();
  for (const row of rows) {
    if (serverOf(context, row.name) === undefined) seen.set(row.name, row);
    else if (remote) seen.set(row.name, { ...row, mailbox: undefined, specialUse: [], rights: '', isRemote: true });
  }
  if (!remote) return [...seen.values()];
  for (const user of options.referrals.users) {
    const name = [OTHER_USERS, user, INBOX].join(SEPARATOR);
    if (seen.has(name) || !account.administers(user)) continue;
    const nothing = { mailbox: undefined, hasChildren: false, isSubscribed: false, specialUse: [], rights: '' };
    seen.set(name, { name, ...nothing, isRemote: true });
  }
  return [...seen.values()];
}

/** `host[:port]` of the server that has the mailbox, undefined: it is here, if anywhere. */
function serverOf({ options }: Context, name: string): string | undefined {
  const top = accountPrefix(name);
  if (top.startsWith(`${OTHER_USERS}${SEPARATOR}`)) {
    return options.referrals?.serverOf(top.slice(OTHER_USERS.length + SEPARATOR.length));
  }
  return top.startsWith(`${SHARED_FOLDERS}@`)
    ? options.referrals?.serverOfDomain(top.slice(SHARED_FOLDERS.length + 1))
    : undefined;
}
