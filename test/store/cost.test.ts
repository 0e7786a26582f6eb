import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { budgets } from '../../bench/cost/budget.ts';
import type { OpenMailbox } from '../../lib/store/account.ts';
import { runCheckpoints } from '../../lib/store/checkpoint-run.ts';
import { copyMessages } from '../../lib/store/copy.ts';
import { expunge } from '../../lib/store/expunge.ts';
import { headKey } from '../../lib/store/keys.ts';
import { moveMessages } from '../../lib/store/move.ts';
import { itemBytes } from '../../lib/store/port-limits.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { fill, newInbox, openIn } from '../support/inbox.ts';
import { appendBare } from '../support/many-messages.ts';
import { expectWithin, homes, type MeteredStore, openMeteredStore } from '../support/metered-store.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';
import { until } from '../support/until.ts';

const toggle = (i: number, uids: UidSet) => {
  return { operation: i % 2 === 0 ? ('add' as const) : ('remove' as const), flags: ['\\Flagged'], uids };
};

/** Requests and units (docs/store.md, What operations cost), as averages over many. */
describe.each(homes)('what operations cost (%s)', (name) => {
  let home: MeteredStore;

  beforeAll(async () => {
    home = await openMeteredStore(name);
  });
  afterAll(() => home.close());

  /** After every compaction that is due: what comes next is counted alone. */
  async function settled(open: OpenMailbox): Promise<void> {
    await home.store.close();
    await open.mailbox.compact();
    await open.mailbox.refresh();
  }

  it('a flag change, warm: no read, 1 request, at most 1.2 units', async () => {
    const inbox = await newInbox(home, 50);
    await inbox.mailbox.refresh();
    const cost = await home.average(160, (i) => setFlags(inbox, toggle(i >> 4, UidSet.of(1 + (i % 16)))));
    expectWithin(cost, budgets.change);
    expect(cost.writeUnits).toBeGreaterThan(1);
  });

  it('an append: 1 PUT, summary and head', async () => {
    const inbox = await newInbox(home);
    const cost = await home.average(100, () => fill(home, inbox, 1));
    expectWithin(cost, budgets.append);
    expect(cost).toMatchObject({ blobPuts: 1 });
  });

  it('NOOP and an IDLE poll: 1 unit', async () => {
    const inbox = await newInbox(home, 20);
    const cost = await home.average(100, () => inbox.mailbox.refresh());
    expect(cost).toEqual(budgets.poll);
  });

  it('EXPUNGE of 10,000 messages, warm: 1 write', async () => {
    const inbox = await newInbox(home);
    await appendBare(home, inbox, 10_000);
    await setFlags(inbox, { operation: 'add', flags: ['\\Deleted'], uids: UidSet.fromRanges([[1, 10_000]]) });
    await settled(inbox);
    const cost = await home.once(() => expunge(inbox));
    expect(home.costs.requests).toEqual(['put']);
    expectWithin(cost, budgets.largeChange);
  });

  it('COPY of 10,000 messages within a space: 2 reads, 2 writes, 1 PUT', async () => {
    const inbox = await newInbox(home);
    const archive = await openIn(home.store, inbox.account.user, 'Archive');
    await archive.mailbox.refresh();
    await appendBare(home, inbox, 10_000);
    // The many records had the source compacted in the background: that is not the COPY's.
    await until('nothing runs in the background', () => !inbox.mailbox.inUse);
    const cost = await home.once(() => copyMessages(inbox, UidSet.fromRanges([[1, 10_000]]), archive));
    expectWithin(cost, budgets.copy);
  });

  it('MOVE within a space, warm: intent, append and expunge', async () => {
    const inbox = await newInbox(home, 40);
    const archive = await openIn(home.store, inbox.account.user, 'Archive');
    await archive.mailbox.refresh();
    const cost = await home.average(40, (i) => moveMessages(inbox, UidSet.of(i + 1), archive));
    expectWithin(cost, budgets.move);
  });

  it('a checkpoint of an account that changed (Rule 21): one PUT a day', async () => {
    const alone = await openMeteredStore(name);
    try {
      const inbox = await newInbox(alone);
      await appendBare(alone, inbox, 10_000);
      await alone.store.close();
      await inbox.mailbox.compact();
      // What the process remembers of the mailboxes is not what a day later costs.
      const day = async (): Promise<void> => {
        alone.clock.advance(86_400_000);
        const { written, deleted, alarms } = await runCheckpoints(alone.another());
        expect([written, deleted > 0, alarms]).toEqual([1, true, 0]);
      };
      for (let i = 0; i < 10; i++) {
        alone.clock.advance(86_400_000);
        await setFlags(inbox, toggle(i, UidSet.of(7)));
        await runCheckpoints(alone.another());
      }
      let i = 0;
      const cost = await alone.average(3, async () => {
        await setFlags(inbox, toggle(i++, UidSet.of(7)));
        await day();
      });
      const { writeRequests, writeUnits } = budgets.change;
      expectWithin(
        { ...cost, writeRequests: cost.writeRequests - writeRequests, writeUnits: cost.writeUnits - writeUnits },
        budgets.checkpoint,
      );
      expect(cost.blobPuts).toBe(1);
    } finally {
      await alone.close();
    }
  });

  describe('of 100,000 messages', () => {
    let inbox: OpenMailbox;

    // To append them takes most of the time here.
    beforeAll(async () => {
      inbox = await newInbox(home);
      await appendBare(home, inbox, 100_000);
      await settled(inbox);
    });

    it('SELECT when they are compacted, cold: head, manifest, and 6 bytes a message', async () => {
      const cold = await openIn(home.another(), inbox.account.user);
      const cost = await home.once(() => cold.mailbox.refresh());
      // Head, manifest, and a piece for every 65,536 messages or so; nothing is expunged, and no record is behind the snapshot.
      expectWithin(cost, budgets.openMailbox);
      expect(cost.readRequests + cost.blobGets).toBeLessThanOrEqual(5);
      const warm = await home.average(10, async () => {
        const { view } = await cold.mailbox.refresh();
        view.forEach(undefined, () => undefined);
      });
      expect(warm).toEqual(budgets.poll);
    });

    it('STORE: 1 request when they are all, 2 when the set is large', async () => {
      const all = await home.once(() => setFlags(inbox, toggle(0, UidSet.fromRanges([[1, 100_000]]))));
      expectWithin(all, { ...budgets.largeChange, blobPuts: 0 });
      const odd = UidSet.fromSorted(Array.from({ length: 50_000 }, (_, i) => 1 + 2 * i));
      const half = await home.once(() => setFlags(inbox, toggle(1, odd)));
      expectWithin(half, budgets.largeChange);
      expect(half.writeRequests + half.blobPuts).toBeLessThanOrEqual(2);
    });
  });

  it('the data of 10,000 compacted messages, cold: at most 4 reads and 12 objects', async () => {
    const inbox = await newInbox(home);
    await appendBare(home, inbox, 10_000);
    await settled(inbox);
    const cold = await openIn(home.another(), inbox.account.user);
    const cost = await home.once(async () => {
      const { view } = await cold.mailbox.refresh();
      expect((await cold.mailbox.cold(view, view.allUids())).size).toBe(10_000);
    });
    expectWithin(cost, budgets.messageData);
  });
});

describe('how large a head is', () => {
  let home: TestStore;

  beforeAll(async () => {
    home = await openTestStore();
  });
  afterAll(() => home.close());

  it('a head has at most 1,000 bytes after ordinary commits, 4,000 after a large group', async () => {
    const inbox = await newInbox(home, 50);
    let largest = 0;
    const measured = async (): Promise<number> => {
      const key = headKey('M', inbox.mailbox.id);
      return itemBytes(key, (await home.index.get(key)) ?? {});
    };
    for (let i = 0; i < 200; i++) {
      if (i % 3 === 0) await fill(home, inbox, 1);
      else await setFlags(inbox, toggle(i, UidSet.of(1 + (i % 50), 3, 9)));
      largest = Math.max(largest, await measured());
    }
    expect(largest).toBeGreaterThan(500);
    expect(largest).toBeLessThanOrEqual(1000);
    let group = 0;
    for (let i = 0; i < 5; i++) {
      await Promise.all(Array.from({ length: 200 }, (_, k) => setFlags(inbox, toggle(i + k, UidSet.of(1 + (k % 50))))));
      group = Math.max(group, await measured());
    }
    expect(group).toBeLessThanOrEqual(4000);
  });

  it('a head with four watchers keeps to 1,000 bytes', async () => {
    const inbox = await newInbox(home, 5);
    const watchers = Array.from({ length: 4 }, (_, i) => {
      return { address: `gateway-${i}.`.padEnd(60, 'x'), expiresAtMs: home.clock.now() + 1_000_000 };
    });
    await inbox.mailbox.editHead(() => ({ watchers }));
    const key = headKey('M', inbox.mailbox.id);
    for (let i = 0; i < 60; i++) {
      await setFlags(inbox, toggle(i, UidSet.of(1)));
      expect(itemBytes(key, (await home.index.get(key)) ?? {})).toBeLessThanOrEqual(1000);
    }
  });
});
