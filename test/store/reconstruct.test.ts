import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StoreDelivery } from '../../lib/delivery/deliver.ts';
import { type Embedded, openEmbedded } from '../../lib/embedded/open.ts';
import { Account } from '../../lib/store/account.ts';
import { setAcl } from '../../lib/store/acl.ts';
import { append } from '../../lib/store/append.ts';
import { appendedOrigin } from '../../lib/store/blob-origin.ts';
import { checkpointsOf } from '../../lib/store/checkpoint.ts';
import { runCheckpoints } from '../../lib/store/checkpoint-run.ts';
import { copyMessages } from '../../lib/store/copy.ts';
import { Directory } from '../../lib/store/directory.ts';
import { examine } from '../../lib/store/doctor.ts';
import { removeMessages } from '../../lib/store/expunge.ts';
import { DAY_MS } from '../../lib/store/keep.ts';
import { checkpointKey, headKey, messageBlobKey } from '../../lib/store/keys.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import { storeMessage } from '../../lib/store/messages.ts';
import { moveMessages } from '../../lib/store/move.ts';
import { createMailbox, deleteMailbox } from '../../lib/store/names.ts';
import { RAISE } from '../../lib/store/raise.ts';
import { reconstruct, requireWhole } from '../../lib/store/reconstruct.ts';
import { getScript, listScripts, putScript, setActiveScript } from '../../lib/store/scripts.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { runSweep } from '../../lib/store/sweep.ts';
import { SWEEP_HOLD } from '../../lib/store/sweep-run.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { addUser, removeUser } from '../../lib/store/users.ts';
import { numbersOf, pictureOf } from '../support/account-picture.ts';
import { openImapGateway } from '../support/imap-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { TestClock } from '../support/test-store.ts';

const USERS = ['anna', 'bert', 'carl@example.com'] as const;
const scriptLimits = { scripts: 10, scriptBytes: 10_000 };

/** A data folder that is opened, loses its index, and is opened again. */
class World {
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
    this.home = await openEmbedded(this.folder);
    this.store = new MailStore(this.home, { clock: this.clock });
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

let world: World;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeEach(async () => {
  folder = await temporaryFolder();
  world = new World(folder.path, await openEmbedded(folder.path));
  for (const name of USERS) await addUser(world.store, { name, verifier: `hash of ${name}`, quotaKib: 100_000 });
});
afterEach(async () => {
  await world.close();
  await folder[Symbol.asyncDispose]();
});

/** Mail, folders, flags, rights, scripts, and what deletes and moves leave. */
async function live(messages: number): Promise<void> {
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
  await putScript(anna, 'main', Buffer.from('require "fileinto"; keep;'), scriptLimits);
  await putScript(anna, 'large', Buffer.from('# '.padEnd(9000, 'x')), scriptLimits);
  await setActiveScript(anna, 'main');
  await world.store.quota.flush();
}

describe('reconstruct (Rule 21)', () => {
  test('brings back every account, folder, UID, flag, right and script; all numbers are new', async () => {
    await live(1000);
    const before = await world.pictures();
    const numbers = await world.numbers('anna', 'INBOX');
    await runCheckpoints(world.store, { now: true });
    await world.reopen({ withoutIndex: true });
    const tally = await reconstruct(world.store);
    expect(tally).toMatchObject({ accounts: 3, rebuilt: 3, adopted: 0, lost: 0, failed: 0 });
    const findings = await examine(world.store);
    expect(findings.listed.filter(({ code }) => code !== 'unreferenced')).toEqual([]);
    expect(await world.pictures()).toEqual(before);
    const raised = await world.numbers('anna', 'INBOX');
    expect(raised).toEqual({
      uidNext: numbers.uidNext + RAISE,
      highest: numbers.highest + RAISE * 2 ** 16,
      validity: numbers.validity,
    });
    const anna = await world.account('anna');
    expect(anna.user.verifier).toBe('hash of anna');
    expect((await listScripts(anna)).map(({ name, isActive }) => [name, isActive])).toEqual([
      ['main', true],
      ['large', false],
    ]);
    expect((await getScript(anna, 'large')).length).toBe(9000);
    expect(await world.home.index.get(SWEEP_HOLD)).toBeUndefined();
    // What snapshots have left of objects goes as all else does; then nothing is to be found.
    for (let audit = 0; audit < 2; audit++) {
      world.clock.advance(3 * DAY_MS);
      await runSweep(world.store, { audit: true, recountSettleMs: 1 });
    }
    expect((await examine(world.store)).listed).toEqual([]);
    expect(await world.pictures()).toEqual(before);
  }, 120_000);

  test('newer mail goes to the mailbox it was put into, or to INBOX of all its recipients', async () => {
    await live(200);
    await runCheckpoints(world.store, { now: true });
    world.clock.advance(3_600_000);
    await world.fill('anna', 'Sent', 2, ['\\Seen', '$Later']);
    await createMailbox(await world.account('anna'), 'New');
    await world.fill('anna', 'New', 1);
    await world.deliver('shared', 'anna', 'carl@example.com');
    await world.deliver('alone', 'bert');
    const held = await world.numbers('anna', 'INBOX');
    await world.reopen({ withoutIndex: true });
    const tally = await reconstruct(world.store);
    expect(tally).toMatchObject({ rebuilt: 3, adopted: 6, lost: 0 });
    expect((await world.subjects('anna', 'INBOX')).slice(-2).sort()).toEqual(['New 0', 'shared']);
    expect((await world.subjects('carl@example.com', 'INBOX')).at(-1)).toBe('shared');
    expect((await world.subjects('bert', 'INBOX')).at(-1)).toBe('alone');
    expect((await world.subjects('anna', 'Sent')).slice(-2).sort()).toEqual(['Sent 0', 'Sent 1']);
    const [picture = []] = await world.pictures(['anna']);
    expect(picture.filter((line) => line.includes('$Later'))).not.toEqual([]);
    expect((await world.numbers('anna', 'INBOX')).uidNext).toBeGreaterThan(held.uidNext + RAISE / 2);
    const { faults, listed } = await examine(world.store);
    expect([faults, listed.filter(({ code }) => code !== 'unreferenced')]).toEqual([0, []]);
  }, 120_000);

  test('leaves out what was removed for good since, and users who were removed', async () => {
    await live(200);
    await runCheckpoints(world.store, { now: true });
    world.clock.advance(1000);
    const inbox = await (await world.account('bert')).open('INBOX');
    const { view } = await inbox.mailbox.refresh();
    const row = (await inbox.mailbox.cold(view, UidSet.of(4))).get(4);
    await world.home.blobs.deleteMany([messageBlobKey(inbox.space, row?.blob ?? inbox.space)]);
    await removeUser(world.store, 'carl@example.com');
    await world.reopen({ withoutIndex: true });
    expect(await reconstruct(world.store)).toMatchObject({ accounts: 2, rebuilt: 2, lost: 1 });
    expect(await world.subjects('bert', 'INBOX')).not.toContain('INBOX 3');
    expect((await examine(world.store)).faults).toBe(0);
  }, 120_000);

  test('refuses an index that has users; told so, it rebuilds only who is missing', async () => {
    await live(200);
    const before = await world.pictures();
    await runCheckpoints(world.store, { now: true });
    await expect(reconstruct(world.store)).rejects.toMatchObject({ code: 'in-use' });
    const { user } = await world.account('bert');
    await new Directory(world.home.index).remove(user);
    await world.home.index.delete(headKey('T', user.tree));
    await world.reopen();
    expect(await reconstruct(world.store, { onlyMissing: true })).toMatchObject({ rebuilt: 1, before: 2 });
    await world.reopen();
    expect(await world.pictures()).toEqual(before);
  }, 120_000);

  test('goes on where it was cut short; until then nobody is served', async () => {
    await live(200);
    const before = await world.pictures();
    await runCheckpoints(world.store, { now: true });
    await world.reopen({ withoutIndex: true });
    for (let budget = 60; ; budget = Math.ceil(budget * 1.7)) {
      let left = budget;
      const { index } = world.home;
      const failing = {
        ...Object.fromEntries(
          (['get', 'batchGet', 'delete', 'add', 'query', 'scan', 'close'] as const).map((name) => [
            name,
            (...args: never[]) => (index[name] as (...all: never[]) => unknown)(...args),
          ]),
        ),
        put: (...args: Parameters<typeof index.put>) => {
          if (left-- <= 0) throw new Error('cut short');
          return index.put(...args);
        },
      } as unknown as typeof index;
      const store = new MailStore({ ...world.home, index: failing }, { clock: world.clock });
      const done = await reconstruct(store).then(
        () => true,
        (error: unknown) => {
          expect(String(error)).toContain('cut short');
          return false;
        },
      );
      await store.close();
      if (done) break;
      await expect(requireWhole(index)).rejects.toMatchObject({ code: 'unavailable' });
    }
    await requireWhole(world.home.index);
    await world.reopen();
    expect(await world.pictures()).toEqual(before);
    expect((await examine(world.store)).faults).toBe(0);
  }, 120_000);

  test('takes the checkpoint before one that is damaged', async () => {
    await live(200);
    const before = await world.pictures();
    await runCheckpoints(world.store, { now: true });
    const { tree } = (await world.account('anna')).user;
    const newest = (await checkpointsOf(world.store, tree)).at(-1);
    world.clock.advance(DAY_MS);
    const bytes = await world.home.blobs.get(checkpointKey(tree, newest ?? tree));
    const damaged = checkpointKey(tree, world.store.newId());
    await world.home.blobs.put(damaged, bytes?.subarray(0, -20) ?? Buffer.alloc(0));
    await world.reopen({ withoutIndex: true });
    const warnings: string[] = [];
    const tally = await reconstruct(world.store, { onWarning: (text) => warnings.push(text) });
    expect(tally).toMatchObject({ rebuilt: 3, failed: 0 });
    expect(warnings.join()).toContain('the one before is taken');
    expect(await world.pictures()).toEqual(before);
  }, 120_000);
});
