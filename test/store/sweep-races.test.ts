import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Account } from '../../lib/store/account.ts';
import { append } from '../../lib/store/append.ts';
import { copyMessages } from '../../lib/store/copy.ts';
import { StoreError } from '../../lib/store/errors.ts';
import { messageBlobKey } from '../../lib/store/keys.ts';
import { keptExpunged } from '../../lib/store/mailbox-snapshot.ts';
import { storeMessage } from '../../lib/store/messages.ts';
import { moveMessages } from '../../lib/store/move.ts';
import { createMailbox, deleteMailbox, renameMailbox } from '../../lib/store/names.ts';
import { runSweep } from '../../lib/store/sweep.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { addUser } from '../../lib/store/users.ts';
import { chosenHome } from '../support/home.ts';
import {
  deliver,
  expungeUids,
  messageText,
  openAs,
  referenced,
  stored,
  undelete,
  userOf,
  World,
  watched,
} from './sweep-support.ts';

const AUDIT = { audit: true, recountSettleMs: 0 };

/** Every k-th call, or every so many from a random one on: on the AWS home a sweep takes a second, in a folder hardly any. */
const STRIDE = Number(process.env.CIRRUS_TEST_STRIDE ?? (chosenHome === 'aws' ? 20 : 8));
const FIRST = 1 + Math.floor(Math.random() * STRIDE);
console.log(`first call ${FIRST}, then every ${STRIDE} (CIRRUS_TEST_STRIDE=1: all)`);

/**
 * A store in which everything is due: INBOX with live, freshly expunged and long expunged messages (2 and 3 have no other
 * reference, 4 has a copy in Sent), a mailbox deleted long ago, a blob that an audit has noted, a snapshot.
 */
let prepared: World;

beforeAll(async () => {
  prepared = await World.open();
  await addUser(prepared.store, { name: 'anna', verifier: undefined, withoutMailboxes: true });
  const account = new Account(prepared.store, await userOf(prepared.store, 'anna'));
  for (const name of ['INBOX', 'Sent', 'Junk', 'Old']) await createMailbox(account, name);
  const inbox = await account.open('INBOX');
  const sent = await account.open('Sent');
  await deliver(inbox, 6);
  await inbox.mailbox.compact();
  const old = await account.open('Old');
  await deliver(old, 2);
  await copyMessages(old, UidSet.of(1), sent);
  await copyMessages(inbox, UidSet.of(4), sent);
  await expungeUids(inbox, 2, 3, 4);
  await deleteMailbox(account, 'Old');
  await storeMessage(prepared.store.context, [inbox.space], messageText('lost'));
  await runSweep(prepared.store, AUDIT);
  prepared.clock.pass(3);
  await expungeUids(inbox, 5);
  await prepared.store.close();
});
afterAll(() => prepared[Symbol.asyncDispose]());

/** What the world may do while a sweep is at work; each with views of its own, and old ones too. */
interface Other {
  readonly prepare?: (world: World) => Promise<unknown>;
  readonly act: (world: World, prepared: unknown) => Promise<unknown>;
}

const others: Readonly<Record<string, Other>> = {
  'a delivery': {
    act: async (world) => deliver(await openAs(world.process(), 'anna', 'INBOX'), 1),
  },
  'a delivery that had put its blob before': {
    prepare: async (world) => {
      const inbox = await openAs(world.process(), 'anna', 'INBOX');
      return { inbox, message: await storeMessage(world.store.context, [inbox.space], messageText()) };
    },
    act: async (_world, state) => {
      const { inbox, message } = state as {
        inbox: Awaited<ReturnType<typeof openAs>>;
        message: { blob: never; sizeBytes: number };
      };
      await append(inbox, [{ ...message, internalDate: 1e9, flags: [] }]);
    },
  },
  'an undelete of what is due': {
    act: async (world) => undelete(await openAs(world.process(), 'anna', 'INBOX'), 2),
  },
  'an undelete that had read the mailbox before': {
    prepare: async (world) => {
      const inbox = await openAs(world.process(), 'anna', 'INBOX');
      await keptExpunged(inbox.store.context, (await inbox.mailbox.refresh()).view);
      return inbox;
    },
    act: async (_world, inbox) => undelete(inbox as Awaited<ReturnType<typeof openAs>>, 3),
  },
  'an undelete, a COPY of it, and an EXPUNGE of it': {
    act: async (world) => {
      const store = world.process();
      const inbox = await openAs(store, 'anna', 'INBOX');
      if (!(await undelete(inbox, 2))) return;
      const junk = await openAs(store, 'anna', 'Junk');
      await copyMessages(inbox, UidSet.of(7), junk);
      await expungeUids(inbox, 7);
    },
  },
  'an undelete, and a MOVE into a new mailbox': {
    act: async (world) => {
      const store = world.process();
      const account = new Account(store, await userOf(store, 'anna'));
      const inbox = await account.open('INBOX');
      if (!(await undelete(inbox, 3))) return;
      await createMailbox(account, 'New');
      await moveMessages(inbox, UidSet.of(7), await account.open('New'));
    },
  },
  'a COPY': {
    act: async (world) => {
      const store = world.process();
      await copyMessages(await openAs(store, 'anna', 'Sent'), UidSet.of(1, 2), await openAs(store, 'anna', 'Junk'));
    },
  },
  'a MOVE': {
    act: async (world) => {
      const store = world.process();
      await moveMessages(await openAs(store, 'anna', 'Sent'), UidSet.of(1, 2), await openAs(store, 'anna', 'Junk'));
    },
  },
  'a compaction': {
    act: async (world) => (await openAs(world.process(), 'anna', 'INBOX')).mailbox.compact(),
  },
  'a RENAME, a DELETE': {
    act: async (world) => {
      const store = world.process();
      const account = new Account(store, await userOf(store, 'anna'));
      await renameMailbox(account, 'Sent', 'Gone');
      await renameMailbox(account, 'INBOX', 'Kept');
      await deleteMailbox(account, 'Gone');
    },
  },
  'another sweep': {
    act: (world) => runSweep(world.process(), AUDIT),
  },
};

describe('a sweep is paused ahead of its k-th call, for every k, and meets (Rules 9, 10, 11)', () => {
  test.each(Object.entries(others))('%s', async (_name, other) => {
    let done = false;
    for (let k = FIRST; !done; k += STRIDE) {
      await using world = await prepared.fork();
      const state = await other.prepare?.(world);
      const before = await referenced(world, 'anna');
      let acted = false;
      const ports = watched(world, async (call) => {
        if (call !== k) return;
        acted = true;
        await other.act(world, state);
      });
      const tally = await runSweep(world.process(ports), AUDIT);
      done = !acted;
      expect(tally, `k = ${k}`).toMatchObject({ held: false, alarms: 0 });
      const after = await referenced(world, 'anna');
      for (const blob of before.live) {
        const { space } = await userOf(world.store, 'anna');
        expect(await world.blobs.info(messageBlobKey(space, blob)), `k = ${k}: ${blob}`).toBeDefined();
      }
      expect(after.live.size, `k = ${k}`).toBeGreaterThan(0);
      world.clock.pass(3);
      expect(await runSweep(world.process(), AUDIT)).toMatchObject({ alarms: 0 });
      await referenced(world, 'anna');
    }
  });
});

describe('a sweep that dies', () => {
  test.each([
    ['before', false],
    ['after', true],
  ])('%s its k-th call, for every k, is finished by the next ones (Rule 10)', async (_when, applied) => {
    let done = false;
    for (let k = FIRST; !done; k += STRIDE) {
      await using world = await prepared.fork();
      const before = await referenced(world, 'anna');
      let died = false;
      const ports = watched(world, async (call) => {
        if (call < k + (applied ? 1 : 0)) return;
        died = true;
        throw new StoreError('unavailable', 'the process is dead');
      });
      await runSweep(world.process(ports), AUDIT).catch(() => undefined);
      done = !died;
      expect((await referenced(world, 'anna')).live).toEqual(before.live);
      for (let days = 0; days < 8; days += 2.6) {
        world.clock.pass(2.6);
        expect(await runSweep(world.process(), AUDIT), `k = ${k}`).toMatchObject({ alarms: 0 });
      }
      const { live, kept } = await referenced(world, 'anna');
      expect(live).toEqual(before.live);
      expect(kept.size).toBe(0);
      const { space } = await userOf(world.store, 'anna');
      expect(new Set(await stored(world, `m/${space}/`)), `k = ${k}`).toEqual(live);
    }
  });

  test('leaves an audit that the next process goes on with', async () => {
    await using world = await prepared.fork();
    for (const name of ['bert', 'carl', 'dora']) await addUser(world.store, { name, verifier: undefined });
    const swept: string[] = [];
    const stop = new Error('stop');
    const dying = runSweep(world.process(), {
      ...AUDIT,
      onProgress: (user) => {
        swept.push(user);
        if (user === 'bert') throw stop;
      },
    });
    await expect(dying).rejects.toThrow(stop);
    world.clock.pass(0.1);
    expect(await runSweep(world.process(), AUDIT)).toMatchObject({ spaces: 2 });
    expect(swept).toEqual(['anna', 'bert']);
  });
});
