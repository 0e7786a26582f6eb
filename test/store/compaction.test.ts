import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Id } from '../../lib/base/ids.ts';
import type { OpenMailbox } from '../../lib/store/account.ts';
import { expunge } from '../../lib/store/expunge.ts';
import { DAY_MS } from '../../lib/store/keep.ts';
import { logPk, PIECE_PREFIX, SEGMENT_PREFIX } from '../../lib/store/keys.ts';
import { CorruptionError, Moved, withHead } from '../../lib/store/log-reader.ts';
import { piecesOf } from '../../lib/store/mailbox-manifest.ts';
import { purgeRecord as purgeOf } from '../../lib/store/mailbox-records.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { fill, newInbox, openIn } from '../support/inbox.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';

let home: TestStore;
beforeAll(async () => {
  home = await openTestStore();
});
afterAll(() => home.close());

const flagged = (uid: number, operation: 'add' | 'remove') => {
  return { operation, flags: ['\\Flagged'], uids: UidSet.of(uid) };
};

async function itemsUnder(mailbox: Id, prefix: Buffer): Promise<number> {
  return (await home.index.query({ pk: logPk('M', mailbox), prefix })).rows.length;
}

/** Pieces that the newest manifest names, itself included. */
async function piecesNamed(open: OpenMailbox): Promise<number> {
  const fresh = await openIn(home.another(), open.account.user);
  const { snapshot } = (await fresh.mailbox.refresh()).view.state;
  if (snapshot === undefined) return 0;
  return piecesOf(snapshot).length + snapshot.retired.length + 1;
}

describe('compaction (Rule 7)', () => {
  it('leaves no piece that nobody names, when processes with old views take turns', async () => {
    const a = await newInbox(home, 3);
    const b = await openIn(home.another(), a.account.user);
    await b.mailbox.refresh();
    for (let i = 0; i < 6; i++) {
      const one = i % 2 === 0 ? a : b;
      await setFlags(one, flagged(1, i % 2 === 0 ? 'add' : 'remove'));
      expect(await one.mailbox.compact()).toBe('moved');
    }
    expect(await itemsUnder(a.mailbox.id, PIECE_PREFIX)).toBe(await piecesNamed(a));
    home.clock.advance(3 * DAY_MS);
    for (let i = 0; i < 4; i++) {
      await setFlags(i % 2 === 0 ? b : a, flagged(2, i % 2 === 0 ? 'add' : 'remove'));
      await (i % 2 === 0 ? b : a).mailbox.compact();
    }
    expect(await itemsUnder(a.mailbox.id, PIECE_PREFIX)).toBe(await piecesNamed(a));
  });

  it('of two that run at once one moves the head, and the other deletes nothing', async () => {
    const a = await newInbox(home, 3);
    const b = await openIn(home.another(), a.account.user);
    await b.mailbox.refresh();
    const outcomes = await Promise.all([a.mailbox.compact(), b.mailbox.compact()]);
    expect(outcomes.filter((outcome) => outcome === 'moved')).toHaveLength(1);
    const fresh = await openIn(home.another(), a.account.user);
    const { view } = await fresh.mailbox.refresh();
    expect((await fresh.mailbox.cold(view, view.allUids())).size).toBe(3);
  });

  it('a view that has lived through it for days still finds the data of its messages', async () => {
    const a = await newInbox(home, 3);
    await a.mailbox.compact();
    const b = await openIn(home.another(), a.account.user);
    const { view: old } = await b.mailbox.refresh();
    for (let i = 0; i < 4; i++) {
      await fill(home, a, 1);
      home.clock.advance(3 * DAY_MS);
      await a.mailbox.compact();
    }
    // The pieces that this view names are gone; the log has gone on, so that the view is carried on by records.
    const { view } = await b.mailbox.refresh();
    expect((await b.mailbox.cold(old, old.allUids())).size).toBe(3);
    expect((await b.mailbox.cold(view, view.allUids())).size).toBe(7);
    expect([...(await b.mailbox.cold(view, view.allUids()))]).toEqual([
      ...(await a.mailbox.cold(view, view.allUids())),
    ]);
  });

  it('an old view gets the data of what still exists, although others of its messages are gone for good', async () => {
    const a = await newInbox(home, 4);
    await a.mailbox.compact();
    const b = await openIn(home.another(), a.account.user);
    const { view: old } = await b.mailbox.refresh();
    await setFlags(a, { operation: 'add', flags: ['\\Deleted'], uids: UidSet.of(2) });
    const gone = await expunge(a);
    await a.mailbox.commit(() => ({ record: purgeOf(gone), reply: undefined }));
    for (let i = 0; i < 3; i++) {
      home.clock.advance(3 * DAY_MS);
      await setFlags(a, flagged(1, i % 2 === 0 ? 'add' : 'remove'));
      await a.mailbox.compact();
    }
    expect([...(await b.mailbox.cold(old, old.allUids())).keys()]).toEqual([1, 3, 4]);
  });

  it('keeps segments for a week, and lets them go then (Rule 3)', async () => {
    const a = await newInbox(home, 1);
    const round = async (): Promise<void> => {
      for (let i = 0; i < 120; i++) await setFlags(a, flagged(1, i % 2 === 0 ? 'add' : 'remove'));
      await a.mailbox.compact();
    };
    await round();
    const first = await itemsUnder(a.mailbox.id, SEGMENT_PREFIX);
    expect(first).toBeGreaterThan(1);
    home.clock.advance(6 * DAY_MS);
    await round();
    expect(await itemsUnder(a.mailbox.id, SEGMENT_PREFIX)).toBeGreaterThan(first);
    home.clock.advance(2 * DAY_MS);
    await round();
    const fresh = await openIn(home.another(), a.account.user);
    expect((await fresh.mailbox.refresh()).view.exists).toBe(1);
    expect(await itemsUnder(a.mailbox.id, SEGMENT_PREFIX)).toBeLessThan(3 * first);
  });

  it('a reader that misses a piece starts again when the head has moved, and says so when it has not (Rule 11)', async () => {
    const inbox = await newInbox(home, 1);
    const { context } = home.another();
    const revs: number[] = [];
    const read = withHead(context, 'M', inbox.mailbox.id, async ({ rev }) => {
      revs.push(rev);
      if (revs.length > 1) return 'read';
      await setFlags(inbox, flagged(1, 'add'));
      throw new Moved('a piece');
    });
    expect(await read).toBe('read');
    expect(revs[1]).toBeGreaterThan(revs[0] as number);
    const lost = withHead(context, 'M', inbox.mailbox.id, async () => {
      throw new Moved('a piece');
    });
    await expect(lost).rejects.toThrow(CorruptionError);
  });

  it('a reader further behind than the segments reach takes the snapshot', async () => {
    const a = await newInbox(home, 1);
    const b = await openIn(home.another(), a.account.user);
    await b.mailbox.refresh();
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 40; i++) await setFlags(a, flagged(1, i % 2 === 0 ? 'add' : 'remove'));
      await fill(home, a, 30);
      await a.mailbox.compact();
      home.clock.advance(8 * DAY_MS);
    }
    const [{ view: warm }, { view: stale }] = [await a.mailbox.refresh(), await b.mailbox.refresh()];
    expect(stale.seq).toBe(warm.seq);
    expect(stale.exists).toBe(121);
    expect((await b.mailbox.cold(stale, stale.allUids())).size).toBe(121);
  });
});
