import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenMailbox } from '../../lib/store/account.ts';
import { copyMessages } from '../../lib/store/copy.ts';
import { expunge } from '../../lib/store/expunge.ts';
import { headKey } from '../../lib/store/keys.ts';
import { itemBytes } from '../../lib/store/port-limits.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { Costs, countingBlobs, countingIndex } from '../support/counting-index.ts';
import { fill, newInbox, openIn } from '../support/inbox.ts';
import { appendBare } from '../support/many-messages.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';
import { until } from '../support/until.ts';

/** Requests and units (docs/store.md, What operations cost), as averages over many. */
let home: TestStore;
const costs = new Costs();

beforeAll(async () => {
  home = await openTestStore({
    wrapIndex: (index) => countingIndex(index, costs),
    wrapBlobs: (blobs) => countingBlobs(blobs, costs),
  });
});
afterAll(() => home.close());

/** Average per operation, compactions in the background included. */
async function average(times: number, run: (i: number) => Promise<unknown>) {
  await home.store.close();
  costs.reset();
  for (let i = 0; i < times; i++) await run(i);
  const { readRequests, readUnits, writeRequests, writeUnits, blobPuts, blobGets } = costs;
  const per = (sum: number): number => sum / times;
  return {
    readRequests: per(readRequests),
    readUnits: per(readUnits),
    writeRequests: per(writeRequests),
    writeUnits: per(writeUnits),
    blobRequests: per(blobPuts + blobGets),
  };
}

/** After every compaction that is due: what comes next is counted alone. */
async function settled(open: OpenMailbox): Promise<void> {
  await home.store.close();
  await open.mailbox.compact();
  await open.mailbox.refresh();
}

const toggle = (i: number, uids: UidSet) => {
  return { operation: i % 2 === 0 ? ('add' as const) : ('remove' as const), flags: ['\\Flagged'], uids };
};

describe('what operations cost', () => {
  it('a flag change, warm: no read, 1 request, at most 1.2 units', async () => {
    const inbox = await newInbox(home, 50);
    await inbox.mailbox.refresh();
    const cost = await average(400, (i) => setFlags(inbox, toggle(i >> 4, UidSet.of(1 + (i % 16)))));
    expect(cost.readRequests).toBe(0);
    expect(cost.writeRequests).toBeLessThan(1.1);
    expect(cost.writeUnits).toBeLessThanOrEqual(1.2);
    expect(cost.blobRequests).toBe(0);
  });

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

  it('an append: 1 PUT, summary and head', async () => {
    const inbox = await newInbox(home);
    const cost = await average(200, () => fill(home, inbox, 1));
    expect(cost.readRequests).toBeLessThan(0.1);
    expect(cost.writeRequests).toBeLessThan(2.2);
    expect(cost.writeUnits).toBeLessThanOrEqual(2.6);
    expect(cost.blobRequests).toBe(1);
  });

  it('NOOP and an IDLE poll: 1 unit', async () => {
    const inbox = await newInbox(home, 20);
    const cost = await average(100, () => inbox.mailbox.refresh());
    expect(cost).toMatchObject({ readRequests: 1, readUnits: 1, writeRequests: 0, blobRequests: 0 });
  });

  it('STORE of 100,000 messages: 1 request when they are all, 2 when the set is large', async () => {
    const inbox = await newInbox(home);
    await appendBare(home, inbox, 100_000);
    await settled(inbox);
    const all = await average(1, () => setFlags(inbox, toggle(0, UidSet.fromRanges([[1, 100_000]]))));
    expect(all).toMatchObject({ readRequests: 0, blobRequests: 0 });
    expect(all.writeRequests).toBeLessThanOrEqual(2);
    const odd = UidSet.fromSorted(Array.from({ length: 50_000 }, (_, i) => 1 + 2 * i));
    const half = await average(1, () => setFlags(inbox, toggle(1, odd)));
    expect(half.writeRequests + half.blobRequests).toBeLessThanOrEqual(3);
  });

  it('EXPUNGE of 10,000 messages, warm: 2 requests at most', async () => {
    const inbox = await newInbox(home);
    await appendBare(home, inbox, 10_000);
    await setFlags(inbox, { operation: 'add', flags: ['\\Deleted'], uids: UidSet.fromRanges([[1, 10_000]]) });
    await settled(inbox);
    const cost = await average(1, () => expunge(inbox));
    expect(costs.requests).toEqual(['put']);
    expect(cost.readRequests).toBe(0);
    expect(cost.writeRequests).toBeLessThanOrEqual(2);
  });

  it('COPY of 10,000 messages within a space: 2 reads, 2 writes, 1 PUT', async () => {
    const inbox = await newInbox(home);
    const archive = await openIn(home.store, inbox.account.user, 'Archive');
    await archive.mailbox.refresh();
    await appendBare(home, inbox, 10_000);
    // The many records had the source compacted in the background: that is not the COPY's.
    await until('nothing runs in the background', () => !inbox.mailbox.inUse);
    const cost = await average(1, () => copyMessages(inbox, UidSet.fromRanges([[1, 10_000]]), archive));
    expect(cost.readRequests).toBeLessThanOrEqual(2);
    expect(cost.writeRequests).toBeLessThanOrEqual(2);
    expect(cost.blobRequests).toBeLessThanOrEqual(1);
  });

  it('SELECT of 100,000 compacted messages, cold: head, manifest, and 6 bytes a message', async () => {
    const inbox = await newInbox(home);
    await appendBare(home, inbox, 100_000);
    await inbox.mailbox.compact();
    const other = home.another();
    const cold = await openIn(other, inbox.account.user);
    const cost = await average(1, () => cold.mailbox.refresh());
    // Head, manifest, what is expunged, and at most a piece for every 32,768 messages.
    expect(cost.readRequests + cost.blobRequests).toBeLessThanOrEqual(7);
    expect(cost.writeRequests).toBe(0);
    const warm = await average(10, async () => {
      const { view } = await cold.mailbox.refresh();
      view.forEach(undefined, () => undefined);
    });
    expect(warm).toMatchObject({ readRequests: 1, readUnits: 1, blobRequests: 0 });
  });

  it('the data of 10,000 compacted messages, cold: at most 4 reads and 12 objects', async () => {
    const inbox = await newInbox(home);
    await appendBare(home, inbox, 10_000);
    await inbox.mailbox.compact();
    const cold = await openIn(home.another(), inbox.account.user);
    const cost = await average(1, async () => {
      const { view } = await cold.mailbox.refresh();
      expect((await cold.mailbox.cold(view, view.allUids())).size).toBe(10_000);
    });
    expect(cost.readRequests).toBeLessThanOrEqual(4);
    expect(cost.blobRequests).toBeLessThanOrEqual(12);
  });
});
