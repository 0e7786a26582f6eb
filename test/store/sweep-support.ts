import { expect } from 'vitest';
import type { Id } from '../../lib/base/ids.ts';
import { Account, type OpenMailbox } from '../../lib/store/account.ts';
import { append, appendTo } from '../../lib/store/append.ts';
import { Directory, type User } from '../../lib/store/directory.ts';
import { removeMessages } from '../../lib/store/expunge.ts';
import { DAY_MS } from '../../lib/store/keep.ts';
import { messageBlobKey } from '../../lib/store/keys.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import { keptExpunged } from '../../lib/store/mailbox-snapshot.ts';
import { storeMessage } from '../../lib/store/messages.ts';
import type { Blobs, Hints, Index, Jobs } from '../../lib/store/ports.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { type OpenPorts, openTestHome, type TestHome } from '../support/home.ts';

export const START_MS = Date.UTC(2026, 0, 5, 12);

/** A clock that only tests move. */
export class TestClock {
  ms = START_MS;

  now(): number {
    return this.ms;
  }

  pass(days: number): void {
    this.ms += days * DAY_MS;
  }
}

const hints: Hints = {
  address: 'test',
  send: () => undefined,
  listen: () => () => undefined,
  close: async () => undefined,
};

/** One store on a home and on a clock of its own. */
export class World implements AsyncDisposable {
  readonly clock = new TestClock();
  readonly index: Index;
  readonly blobs: Blobs;
  readonly store: MailStore;
  readonly errors: unknown[] = [];
  readonly #home: TestHome;
  readonly #ports: OpenPorts;
  readonly #stores: MailStore[] = [];

  private constructor(home: TestHome, ports: OpenPorts, nowMs: number) {
    this.#home = home;
    this.#ports = ports;
    this.clock.ms = nowMs;
    this.index = ports.index;
    this.blobs = ports.blobs;
    this.store = this.process();
  }

  /** The data folder, on the embedded home. */
  get folder(): string {
    return this.#home.folder;
  }

  static async open(): Promise<World> {
    const home = await openTestHome();
    return new World(home, await home.open(), START_MS);
  }

  /** The same store once more, from here on apart; nothing may be under way. */
  async fork(): Promise<World> {
    const home = await this.#home.fork();
    return new World(home, await home.open(), this.clock.ms);
  }

  /** What another process would have open: views of its own, maybe another clock, maybe ports that misbehave. */
  process(ports: { index?: Index; blobs?: Blobs } = {}, clock: TestClock = this.clock): MailStore {
    const store = new MailStore(
      { index: this.index, blobs: this.blobs, hints, jobs: undefined as unknown as Jobs, ...ports },
      { clock, random: () => 0, onError: (_what, error) => this.errors.push(error) },
    );
    this.#stores.push(store);
    return store;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const store of this.#stores) await store.close().catch(() => undefined);
    await this.#ports.close();
    await this.#home[Symbol.asyncDispose]();
  }
}

let serial = 0;

export function messageText(subject = `message ${++serial}`): Buffer {
  return Buffer.from(`From: a@example.org\r\nSubject: ${subject}\r\n\r\n${subject}\r\n`);
}

/** Stores and appends messages one by one; answers their UIDs. */
export async function deliver(open: OpenMailbox, count = 1, text?: Buffer): Promise<number[]> {
  const uids: number[] = [];
  for (let i = 0; i < count; i++) {
    const { blob, sizeBytes } = await storeMessage(open.store.context, [open.space], text ?? messageText());
    const { firstUid } = await append(open, [{ blob, sizeBytes, internalDate: 1e9, flags: [] }]);
    uids.push(firstUid);
  }
  return uids;
}

export async function expungeUids(open: OpenMailbox, ...uids: number[]): Promise<void> {
  await open.mailbox.refresh();
  await removeMessages(open, (view) => view.present(UidSet.of(...uids)), 'expunge');
}

/** Brings an expunged message back under a new UID, unless it was purged; answers whether it did. */
export async function undelete(open: OpenMailbox, uid: number): Promise<boolean> {
  const { view } = await open.mailbox.refresh();
  const row = (await keptExpunged(open.store.context, view)).find((kept) => kept.uid === uid)?.row;
  if (row === undefined) return false;
  const { reply } = await open.mailbox.commit((now) => {
    if (now.state.purged.has(uid)) return { reply: false };
    const flags = { system: 0, keywords: [] };
    return { record: appendTo(now, [{ ...row, flags }], false).record, reply: true };
  });
  return reply;
}

export async function userOf(store: MailStore, name: string): Promise<User> {
  const user = await new Directory(store.ports.index).find(name);
  if (user === undefined) throw new Error(`no user ${name}`);
  return user;
}

export async function openAs(store: MailStore, name: string, mailbox: string): Promise<OpenMailbox> {
  return new Account(store, await userOf(store, name)).open(mailbox);
}

export interface Held {
  readonly live: Set<Id>;
  readonly kept: Set<Id>;
}

/** Blobs that the user's bound mailboxes reference; each is read, and must have its size. */
export async function referenced(world: World, name: string): Promise<Held> {
  const store = world.process();
  const user = await userOf(store, name);
  const { view: tree } = await store.tree(user.tree).refresh();
  const live = new Set<Id>();
  const kept = new Set<Id>();
  for (const { mailbox: id } of tree.state.bindings.values()) {
    const mailbox = store.mailbox(id);
    const { view } = await mailbox.refresh();
    for (const { blob, sizeBytes } of (await mailbox.cold(view, view.allUids())).values()) {
      live.add(blob);
      expect((await world.blobs.info(messageBlobKey(user.space, blob)))?.sizeBytes, `live ${blob}`).toBe(sizeBytes);
    }
    for (const { row } of await keptExpunged(store.context, view)) {
      kept.add(row.blob);
      expect(await world.blobs.info(messageBlobKey(user.space, row.blob)), `kept ${row.blob}`).toBeDefined();
    }
  }
  return { live, kept };
}

/** Ids of the objects under a prefix. */
export async function stored(world: World, prefix: string): Promise<string[]> {
  const ids: string[] = [];
  let after: string | undefined;
  do {
    const page = await world.blobs.list(prefix, after);
    ids.push(...page.blobs.map(({ key }) => key.slice(key.lastIndexOf('/') + 1)));
    after = page.next;
  } while (after !== undefined);
  return ids;
}

/** Sort keys of a partition, in hex. */
export async function partition(world: World, pk: Buffer): Promise<string[]> {
  const sks: string[] = [];
  let after: Buffer | undefined;
  do {
    const page = await world.index.query({ pk, ...(after && { after }) });
    sks.push(...page.rows.map(({ sk }) => sk.toString('hex')));
    after = page.next;
  } while (after !== undefined);
  return sks;
}

/** Ports that call `before` ahead of each of their calls, counted over both. */
export function watched(
  world: World,
  before: (call: number, name: string) => Promise<void>,
): { index: Index; blobs: Blobs } {
  let calls = 0;
  const wrap = <T extends object>(port: T): T =>
    new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function' || name === 'close') return value;
        return async (...args: unknown[]) => {
          await before(++calls, String(name));
          return Reflect.apply(value, target, args) as unknown;
        };
      },
    });
  return { index: wrap(world.index), blobs: wrap<Blobs>(world.blobs) };
}
