import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Account } from '../../lib/store/account.ts';
import { append } from '../../lib/store/append.ts';
import { copyMessages } from '../../lib/store/copy.ts';
import { examine } from '../../lib/store/doctor.ts';
import { SHARED_MESSAGES, summaryKey } from '../../lib/store/keys.ts';
import { storeMessage } from '../../lib/store/messages.ts';
import { moveMessages } from '../../lib/store/move.ts';
import { createMailbox, deleteMailbox, renameMailbox } from '../../lib/store/names.ts';
import { runSweep } from '../../lib/store/sweep.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { addUser } from '../../lib/store/users.ts';
import { expungeUids, messageText, partition, referenced, stored, undelete, userOf, World } from './sweep-support.ts';

const MAILBOXES = ['INBOX', 'Sent', 'Junk', 'Archive'];
const MESSAGES_IN_ALL = 2000;
/** Small, so that every space is compared in several ranges. */
const RANGES = { rangeBlobs: 150, recountSettleMs: 0 };

const name = fc.constantFrom(...MAILBOXES);
/** Part of a mailbox, by per cent of its messages. */
const part = fc.tuple(fc.integer({ min: 0, max: 90 }), fc.integer({ min: 1, max: 40 }));

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('deliver' as const), to: name, count: fc.nat(30) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('expunge' as const), to: name, part }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('copy' as const), from: name, to: name, part }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('move' as const), from: name, to: name, part }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('undelete' as const), to: name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact' as const), to: name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('replace' as const), to: name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), hours: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('sweep' as const), audit: fc.boolean() }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** One user's space under a random history; each step in a process that may have seen the others' or not. */
class History {
  readonly #world: World;
  readonly #accounts: readonly Account[];
  #turn = 0;

  constructor(world: World, accounts: readonly Account[]) {
    this.#world = world;
    this.#accounts = accounts;
  }

  async take(one: Step): Promise<void> {
    const account = this.#accounts[this.#turn++ % this.#accounts.length] as Account;
    const open = async (to: string) => account.open(to);
    const chosen = async (from: string, [at, length]: readonly [number, number]): Promise<UidSet> => {
      const { view } = await (await open(from)).mailbox.refresh();
      const first = Math.floor((view.exists * at) / 100);
      const count = Math.ceil((view.exists * length) / 100);
      const uids = Array.from({ length: count }, (_, i) => view.uidAt(first + i + 1));
      return UidSet.of(...uids.filter((uid) => uid !== undefined));
    };
    switch (one.do) {
      case 'deliver':
        return this.deliver(account, one.to, one.count);
      case 'expunge':
        return expungeUids(await open(one.to), ...(await chosen(one.to, one.part)));
      case 'copy':
        await copyMessages(await open(one.from), await chosen(one.from, one.part), await open(one.to));
        return;
      case 'move':
        if (one.from === one.to) return;
        await moveMessages(await open(one.from), await chosen(one.from, one.part), await open(one.to));
        return;
      case 'undelete': {
        const mailbox = await open(one.to);
        const last = (await mailbox.mailbox.refresh()).view.state.expunged?.item.uids.first;
        if (last !== undefined) await undelete(mailbox, last);
        return;
      }
      case 'compact':
        await (await open(one.to)).mailbox.compact();
        return;
      case 'lose':
        await storeMessage(account.store.context, [account.user.space], messageText());
        return;
      case 'replace':
        if (one.to === 'INBOX') return renameMailbox(account, 'INBOX', `INBOX ${this.#turn}`);
        await deleteMailbox(account, one.to);
        await createMailbox(account, one.to);
        return;
      case 'pass':
        this.#world.clock.pass(one.hours / 24);
        return;
      case 'sweep':
        expect(await runSweep(account.store, { ...RANGES, audit: one.audit })).toMatchObject({ alarms: 0 });
    }
  }

  async deliver(account: Account, to: string, count: number): Promise<void> {
    const open = await account.open(to);
    const messages = [];
    for (let i = 0; i < count; i++) {
      const { blob, sizeBytes } = await storeMessage(open.store.context, [open.space], messageText());
      messages.push({ blob, sizeBytes, internalDate: 1e9, flags: [] });
    }
    if (messages.length > 0) await append(open, messages);
  }
}

test('whatever happened to 2,000 messages: live mail reads back, and no more is kept than live and expunged (Rules 9, 10)', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
      await using world = await World.open();
      await addUser(world.store, { name: 'anna', verifier: undefined });
      const user = await userOf(world.store, 'anna');
      const accounts = [world.process(), world.process()].map((store) => new Account(store, user));
      const history = new History(world, accounts);
      for (const to of MAILBOXES) await history.deliver(new Account(world.store, user), to, MESSAGES_IN_ALL / 4);
      for (const one of steps) {
        await history.take(one);
        if (one.do === 'sweep') await referenced(world, 'anna');
      }
      const before = await referenced(world, 'anna');
      for (let days = 0; days < 12; days += 2.6) {
        world.clock.pass(2.6);
        expect(await runSweep(world.process(), { ...RANGES, audit: true })).toMatchObject({ alarms: 0 });
      }
      const { live, kept } = await referenced(world, 'anna');
      expect(live).toEqual(before.live);
      expect(kept.size).toBe(0);
      expect(new Set(await stored(world, `m/${user.space}/`))).toEqual(live);
      expect(await partition(world, summaryKey(user.space, user.space).pk)).toHaveLength(live.size);
      expect(await stored(world, SHARED_MESSAGES)).toEqual([]);
      for (const rangeBlobs of [150, 10_000]) {
        const findings = await examine(world.process(), { rangeBlobs });
        expect(findings.listed).toEqual([]);
        expect(findings.examined.messages).toBeGreaterThanOrEqual(live.size);
      }
      expect(world.errors).toEqual([]);
    }),
    { numRuns: Number(process.env.CIRRUS_TEST_RUNS ?? 2), endOnFailure: true, timeout: 280_000 },
  );
}, 600_000);
