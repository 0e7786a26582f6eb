import { createHmac, timingSafeEqual } from 'node:crypto';
import { Account } from '../../lib/store/account.ts';
import { Directory } from '../../lib/store/directory.ts';
import { StoreError } from '../../lib/store/errors.ts';
import { NameView } from '../../lib/store/name-view.ts';
import { knownMailboxKey } from '../../lib/store/url-keys.ts';
import type { Context } from './context.ts';
import { messageOfUrl, type UrlMessage } from './fetch/url-message.ts';
import type { ImapUrl } from './wire/imap-url.ts';

/** The one mechanism (RFC 4467 §2.4): HMAC-SHA256 of the URL under the mailbox's key. */
export const MECHANISM = 'INTERNAL';

/** The token that signs a URL up to its verifier. */
export function urlToken(key: string, rump: string): string {
  return createHmac('sha256', Buffer.from(key, 'hex')).update(rump, 'utf8').digest('hex');
}

/** Whether the URL names this server, and a user. */
export function namesUs({ options }: Context, { host, user }: ImapUrl): boolean {
  return host?.toLowerCase() === options.servername.toLowerCase() && user !== null;
}

/**
 * The message of a URL that its user has signed for whoever is logged in here (RFC 4467 §4); undefined when it is not signed
 * so, or no longer, or there is no such message.
 */
export async function authorizedMessage(context: Context, url: ImapUrl): Promise<UrlMessage | undefined> {
  const { auth, user } = url;
  if (auth?.verifier?.mechanism !== MECHANISM || user === null || !namesUs(context, url)) return undefined;
  if (auth.expiresMs !== null && auth.expiresMs <= context.options.clock.now()) return undefined;
  if (!mayUse(context, auth.access)) return undefined;
  const { store, accounts, limits } = context.options;
  const found = await new Directory(store.ports.index).find(user);
  if (found === undefined) return undefined;
  const account = new Account(store, found, accounts);
  const names = new NameView(account);
  const key = await keyOf(account, names.fromWire(url.mailbox));
  if (key === undefined) return undefined;
  const [given, right] = [auth.verifier.token.toLowerCase(), urlToken(key, auth.rump)];
  if (given.length !== right.length || !timingSafeEqual(Buffer.from(given), Buffer.from(right))) return undefined;
  return messageOfUrl({ account, names, windowBytes: limits.windowBytes }, url);
}

async function keyOf(account: Account, mailbox: string): Promise<string | undefined> {
  try {
    return await knownMailboxKey(account, mailbox);
  } catch (error) {
    if (error instanceof StoreError && error.code === 'nonexistent') return undefined;
    throw error;
  }
}

/** RFC 4467 §3: nobody is anonymous here, so that everybody who asks may have what anonymous ones may. */
function mayUse({ account, options }: Context, access: NonNullable<ImapUrl['auth']>['access']): boolean {
  switch (access.kind) {
    case 'anonymous':
    case 'authuser':
      return true;
    case 'user':
      return access.user === account.user.name;
    case 'submit':
      return options.submitServers?.includes(account.user.name) === true;
  }
}
