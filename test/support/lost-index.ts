import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { StoreDelivery } from '../../lib/delivery/deliver.ts';
import { type Embedded, openEmbedded } from '../../lib/embedded/open.ts';
import { Account } from '../../lib/store/account.ts';
import { setAcl } from '../../lib/store/acl.ts';
import { annotate, type EntryChange } from '../../lib/store/annotate.ts';
import { append } from '../../lib/store/append.ts';
import { appendedOrigin } from '../../lib/store/blob-origin.ts';
import { copyMessages } from '../../lib/store/copy.ts';
import { Directory } from '../../lib/store/directory.ts';
import { removeMessages } from '../../lib/store/expunge.ts';
import { messageBlobKey } from '../../lib/store/keys.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import { storeMessage } from '../../lib/store/messages.ts';
import { moveMessages } from '../../lib/store/move.ts';
import { createMailbox, deleteMailbox } from '../../lib/store/names.ts';
import { putScript, setActiveScript } from '../../lib/store/scripts.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { addUser } from '../../lib/store/users.ts';
import { numbersOf, pictureOf } from './account-picture.ts';
import { openImapGateway } from './imap-gateway.ts';
import { TestClock } from './test-store.ts';

export const USERS = ['anna', 'bert', 'carl@example.com'] as const;
const scriptLimits = { scripts: 10, scriptBytes: 10_000 };

/** A data folder that is opened, loses its index, and is opened again. */
export class World {
  readonly clock = new TestClock();
  readonly folder: string;
  home: Embedded;
  store: MailStore;

  constructor(folder: string, home: Embedded) {
    this.folder = folder;
    this.home = home;
    this.store = new MailStore(home, { clock: this.clock });
  }

  async reopen({ withoutIndex = false } = {}): Promise<void> {
    await this.close();
    for (const suffix of withoutIndex ? ['', '-wal', '-shm'] : []) {
      await rm(join(this.folder, `index${suffix}`), { force: true });
    }
    await this.#open();
  }

  async #open(): Promise<void> {
    this.home = await openEmbedded(this.folder);
    this.store = new MailStore(this.home, { clock: this.clock });
  }

  /** With the folder closed: keeps a copy of the index, or puts it back. */
  async #copyIndex(from: string, to: string): Promise<void> {
    for (const suffix of ['-wal', '-shm']) await rm(join(this.folder, `${to}${suffix}`), { force: true });
    await copyFile(join(this.folder, from), join(this.folder, to));
  }

  async backUp(): Promise<void> {
    await this.close();
    await this.#copyIndex('index', 'index-copy');
    await this.#open();
  }

  async putBack(): Promise<void> {
    await this.close();
    await this.#copyIndex('index-copy', 'index');
    await this.#open();
  }

  async close(): Promise<void> {
    await this.store.close();
    await this.home.close();
  }

  async account(name: string): Promise<Account> {
    const user = await new Directory(this.home.index).find(name);
    if (user === undefined) throw new Error(`no user ${name}`);
    return new Account(this.store, user);
  }

  async fill(name: string, mailbox: string, count: number, flags: readonly string[] = []): Promise<void> {
    const open = await (await this.account(name)).open(mailbox);
    const messages = await Promise.all(
      Array.from({ length: count }, async (_, i) => {
        const internalDate = 1_700_000_000 + i * 60;
        const body = Buffer.from(`From: a@example.com\r\nSubject: ${mailbox} ${i}\r\n\r\nText of ${name} ${i}\r\n`);
        const origin = appendedOrigin({ owner: name, name: mailbox, mailbox: open.mailbox.id, internalDate, flags });
        const { blob, sizeBytes } = await storeMessage(this.store.context, [open.space], body, origin);
        return { blob, sizeBytes, internalDate, flags };
      }),
    );
    await append(open, messages);
  }

  async deliver(text: string, ...names: readonly string[]): Promise<void> {
    const delivery = new StoreDelivery(this.store, { defaultDomain: 'example.com' });
    const answers = await Promise.all(names.map((name) => delivery.recipient(name)));
    const recipients = answers.filter((answer) => answer.ok);
    async function* body() {
      yield Buffer.from(`Subject: ${text}\r\n\r\n${text}\r\n`);
    }
    const outcomes = await delivery.deliver({ sender: 's@example.org', recipients, trace: '', body: body() });
    expect(outcomes).toEqual(names.map(() => ({ ok: true })));
  }

  async pictures(names: readonly string[] = USERS): Promise<readonly (readonly string[])[]> {
    const ports = this.home;
    await using gateway = await openImapGateway({ ports, users: [], clock: this.clock });
    const pictures: (readonly string[])[] = [];
    for (const name of names) pictures.push(await pictureOf(gateway.port, name));
    expect(gateway.errors).toEqual([]);
    return pictures;
  }

  async numbers(name: string, mailbox: string): ReturnType<typeof numbersOf> {
    const ports = this.home;
    await using gateway = await openImapGateway({ ports, users: [], clock: this.clock });
    return await numbersOf(gateway.port, name, mailbox);
  }

  async subjects(name: string, mailbox: string): Promise<string[]> {
    const open = await (await this.account(name)).open(mailbox);
    const { view } = await open.mailbox.refresh();
    const rows = await open.mailbox.cold(view, view.allUids());
    const texts: string[] = [];
    for (const { blob } of rows.values()) {
      const bytes = await this.home.blobs.get(messageBlobKey(open.space, blob));
      texts.push(/Subject: (.*)\r/.exec(bytes?.toString() ?? '')?.[1] ?? '?');
    }
    return texts;
  }
}

/** A new folder with the users. */
export async function openWorld(folder: string): Promise<World> {
  const world = new World(folder, await openEmbedded(folder));
  for (const name of USERS) await addUser(world.store, { name, verifier: `hash of ${name}`, quotaKib: 100_000 });
  return world;
}

/** A private and a shared annotation. */
function annotations(text: string): EntryChange[] {
  const value = Buffer.from(text);
  return (['private', 'shared'] as const).map((scope) => ({ entry: '/comment', scope, value }));
}

/** Mail, folders, flags, annotations, rights, scripts, and what deletes and moves leave. */
export async function live(world: World, messages: number): Promise<void> {
  const [anna, bert] = [await world.account('anna'), await world.account('bert')];
  await createMailbox(anna, 'Projects/Größe');
  await createMailbox(anna, 'Gone');
  await world.fill('anna', 'INBOX', messages, ['$Label1']);
  await world.fill('anna', 'Projects/Größe', messages / 4, ['\\Seen']);
  await world.fill('anna', 'Gone', 3);
  await world.fill('bert', 'INBOX', messages / 2);
  await world.fill('carl@example.com', 'Archive', messages / 4, ['\\Flagged', 'old']);
  for (let i = 0; i < 5; i++) await world.deliver(`to all ${i}`, ...USERS);
  const inbox = await anna.open('INBOX');
  const sent = await anna.open('Sent');
  await setFlags(inbox, { operation: 'add', flags: ['\\Seen', '$Work'], uids: UidSet.fromRanges([[3, messages / 2]]) });
  await inbox.mailbox.compact();
  await copyMessages(inbox, UidSet.fromRanges([[5, 50]]), sent);
  await moveMessages(inbox, UidSet.fromRanges([[60, 70]]), sent);
  await removeMessages(inbox, () => UidSet.fromRanges([[80, 99]]), 'expunge');
  await setFlags(inbox, { operation: 'replace', flags: ['\\Deleted'], uids: UidSet.of(7, messages) });
  await deleteMailbox(anna, 'Gone');
  await setAcl(anna, 'Projects/Größe', 'bert', 'lrswi');
  const shared = await bert.open('Other Users/anna/Projects/Größe');
  await setFlags(shared, { operation: 'remove', flags: ['\\Seen'], uids: UidSet.of(1) });
  await setFlags(shared, { operation: 'add', flags: ['\\Seen'], uids: UidSet.fromRanges([[2, 9]]) });
  await annotate(inbox, { uids: UidSet.of(5, 9, 85), entries: annotations('of anna') });
  await inbox.mailbox.compact();
  await annotate(inbox, { uids: UidSet.of(5, 11), entries: annotations('newer') });
  await annotate(shared, { uids: UidSet.of(4), entries: annotations('of bert').slice(0, 1) });
  await putScript(anna, 'main', Buffer.from('require "fileinto"; keep;'), scriptLimits);
  await putScript(anna, 'large', Buffer.from('# '.padEnd(9000, 'x')), scriptLimits);
  await setActiveScript(anna, 'main');
  await world.store.quota.flush();
}
