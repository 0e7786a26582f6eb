import { userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { generatePassword, hashPassword } from '../lib/auth/password.ts';
import type { Config } from '../lib/base/config.ts';
import { Directory } from '../lib/store/directory.ts';
import { StoreError } from '../lib/store/errors.ts';
import { systemKey } from '../lib/store/keys.ts';
import type { MailStore } from '../lib/store/mail-store.ts';
import type { Item } from '../lib/store/ports.ts';
import { addUser, checkUserName } from '../lib/store/users.ts';

/** An account that the first start made; its password is known only now. */
export interface FirstAccount {
  readonly name: string;
  readonly password: string;
  readonly isAdmin: boolean;
}

/** `d` 0: begun by process `p`; 1: done, the passwords were shown. */
const MARK = systemKey('FIRST-START');
const OTHERS_WAIT_MS = 30_000;
const LOOK_AGAIN_MS = 100;

/**
 * Makes the administrator and the first user when nobody has used this store before, and calls `show` with them, or, at
 * any later start, with none.
 *
 * The mark that it has begun is put before the accounts and changed after they were shown: whoever finds it begun by a
 * process that is no more gives both accounts new passwords, for nobody has seen the old ones.
 */
export async function prepareAccounts(
  store: MailStore,
  config: Config,
  show: (accounts: readonly FirstAccount[]) => void,
): Promise<void> {
  const begun = await begin(store);
  if (begun === undefined) {
    show([]);
    return;
  }
  const accounts: FirstAccount[] = [];
  const [admin] = config.admins;
  if (admin !== undefined) accounts.push(await provide(store, admin, true));
  accounts.push(await provide(store, firstUserName(config.admins), false));
  show(accounts);
  await store.ports.index.put(MARK, { r: begun.r + 1, d: 1, p: 0 }, { rev: begun.r });
}

/** The mark of a first start that is ours to do; undefined when there is nothing to do. */
async function begin(store: MailStore): Promise<{ readonly r: number } | undefined> {
  const { index } = store.ports;
  let mark: Item | undefined = await index.get(MARK);
  if (mark === undefined) {
    const users = await new Directory(index).list().next();
    // People have added users before they started the server: they know what they do.
    const first = { r: 1, d: users.done === true ? 0 : 1, p: process.pid };
    const result = await index.put(MARK, first, 'absent');
    if (result.ok) return first.d === 0 ? first : undefined;
    mark = result.current;
  }
  const deadline = performance.now() + OTHERS_WAIT_MS;
  for (;;) {
    if (mark === undefined || mark.d === 1) return undefined;
    if (!isRunning(Number(mark.p)) || performance.now() > deadline) {
      const next = { r: Number(mark.r) + 1, d: 0, p: process.pid };
      const result = await index.put(MARK, next, { rev: Number(mark.r) });
      if (result.ok) return next;
      mark = result.current;
    } else {
      await sleep(LOOK_AGAIN_MS);
      mark = await index.get(MARK);
    }
  }
}

/** The account with a new password, whether or not a start that was cut short has made it. */
async function provide(store: MailStore, name: string, isAdmin: boolean): Promise<FirstAccount> {
  const password = generatePassword();
  const verifier = await hashPassword(password);
  const directory = new Directory(store.ports.index);
  const there = await directory.find(name);
  if (there === undefined) await addUser(store, { name, verifier, withoutMailboxes: isAdmin });
  else await directory.update({ ...there, verifier });
  return { name, password, isAdmin };
}

/** The name under which the person at the keyboard logs in to this machine, if it can be a mail user's. */
export function firstUserName(admins: readonly string[], given = loginName()): string {
  const name = given.toLowerCase();
  try {
    checkUserName(name);
    return admins.includes(name) ? 'user' : name;
  } catch (error) {
    if (error instanceof StoreError) return 'user';
    throw error;
  }
}

function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user may have no entry in /etc/passwd.
    return '';
  }
}

function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
