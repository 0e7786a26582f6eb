import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OpenMailbox } from '../../lib/store/account.ts';
import { append } from '../../lib/store/append.ts';
import { expunge } from '../../lib/store/expunge.ts';
import { logPk, pieceBlobKey, pieceSk, summaryKey } from '../../lib/store/keys.ts';
import { FOLD_LIMITS, foldMailbox } from '../../lib/store/mailbox-fold.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { mailboxSummaries } from '../../lib/store/summary-pieces.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { Costs, countingIndex } from '../support/counting-index.ts';
import { fill, newInbox, openIn } from '../support/inbox.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';

const ROWS = 40;
const costs = new Costs();
let home: TestStore;
beforeEach(async () => {
  home = await openTestStore({
    foldLimits: { ...FOLD_LIMITS, summaryRows: ROWS },
    wrapIndex: (index) => countingIndex(index, costs),
  });
});
afterEach(() => home.close());

/** UID and subject of every message as another process reads them, and how many items of summaries it asked for. */
async function subjects(open: OpenMailbox): Promise<{ readonly read: [number, string | undefined][]; items: number }> {
  const { mailbox, ...fresh } = await openIn(home.another(), open.account.user);
  const { view } = await mailbox.refresh();
  const messages = [...(await mailbox.cold(view, view.allUids()))].map(([uid, { blob }]) => ({ uid, blob }));
  costs.reset();
  const unpack = await mailboxSummaries({ ...fresh, mailbox }, view, messages);
  const read = await Promise.all(
    messages.map(async ({ uid }, i) => [uid, (await unpack(i))?.envelope.subject] as [number, string | undefined]),
  );
  return { read, items: costs.requests.filter((request) => request === 'batchGet').length };
}

const pieces = async (open: OpenMailbox) => (await open.mailbox.refresh()).view.state.snapshot?.summaries ?? [];

async function remove(open: OpenMailbox, uids: UidSet): Promise<void> {
  await setFlags(open, { operation: 'add', flags: ['\\Deleted'], uids });
  await expunge(open);
}

describe('summaries in snapshots (ADR 15)', () => {
  it('are the same as those of the items, which need not be read', async () => {
    const inbox = await newInbox(home, 100);
    const before = await subjects(inbox);
    expect(before.items).toBe(1);
    await inbox.mailbox.compact();
    expect((await pieces(inbox)).map(({ fromUid, toUid, rows }) => [fromUid, toUid, rows])).toEqual([
      [1, 40, 40],
      [41, 80, 40],
      [81, 100, 20],
    ]);
    expect(await subjects(inbox)).toEqual({ ...before, items: 0 });
  });

  it('the last piece fills up with new messages; a change of flags writes none again', async () => {
    const inbox = await newInbox(home, 50);
    await inbox.mailbox.compact();
    const [first, second] = await pieces(inbox);
    await setFlags(inbox, { operation: 'add', flags: ['\\Seen'], uids: UidSet.of(1, 50) });
    await inbox.mailbox.compact();
    expect(await pieces(inbox)).toEqual([first, second]);
    await fill(home, inbox, 5);
    await inbox.mailbox.compact();
    expect(await pieces(inbox)).toMatchObject([first, { fromUid: 41, toUid: 55, rows: 15 }]);
    const { read, items } = await subjects(inbox);
    expect([read.length, items]).toEqual([55, 0]);
  });

  it('what is expunged goes with half of its piece, and with all of it', async () => {
    const inbox = await newInbox(home, 120);
    await inbox.mailbox.compact();
    const [first] = await pieces(inbox);
    await remove(
      inbox,
      UidSet.fromRanges([
        [1, 5],
        [41, 70],
        [81, 120],
      ]),
    );
    await inbox.mailbox.compact();
    expect(await pieces(inbox)).toMatchObject([first, { fromUid: 41, toUid: 80, rows: 10 }]);
    expect((await subjects(inbox)).read.map(([uid]) => uid)).toEqual([
      ...Array.from({ length: 35 }, (_, i) => i + 6),
      ...Array.from({ length: 10 }, (_, i) => i + 71),
    ]);
  });

  it('a message without a stored summary is passed over once, and still read from its blob', async () => {
    const inbox = await newInbox(home);
    const stored = await Promise.all(Array.from({ length: 60 }, () => home.message(inbox.space)));
    const [gone] = stored;
    if (gone === undefined) throw new Error('no message');
    await home.index.delete(summaryKey(inbox.space, gone.blob));
    await append(inbox, stored);
    await inbox.mailbox.compact();
    expect(await pieces(inbox)).toMatchObject([
      { fromUid: 1, toUid: 41, rows: 40 },
      { fromUid: 42, toUid: 60, rows: 19 },
    ]);
    const { read, items } = await subjects(inbox);
    expect([read.filter(([, subject]) => subject !== undefined).length, items]).toEqual([60, 1]);
  });

  it('a piece that is missing is only slower', async () => {
    const inbox = await newInbox(home, 100);
    const { read } = await subjects(inbox);
    await inbox.mailbox.compact();
    for (const { id } of await pieces(inbox)) {
      await home.index.delete({ pk: logPk('M', inbox.mailbox.id), sk: pieceSk(id) });
      await home.blobs.deleteMany([pieceBlobKey(inbox.mailbox.id, id)]);
    }
    expect(await subjects(inbox)).toEqual({ read, items: 1 });
  });

  it('a snapshot of a version that had none gets them at the next compaction', async () => {
    const inbox = await newInbox(home, 60);
    const { view } = await inbox.mailbox.refresh();
    const { ref, seq } = await foldMailbox(home.store.context, view);
    await inbox.mailbox.editHead(() => ({ snapId: ref.id, snapIsObject: ref.isObject, snapSeq: seq, behindBytes: 0 }));
    const other = await openIn(home.another(), inbox.account.user);
    expect(await pieces(other)).toEqual([]);
    await fill(home, other, 1);
    await other.mailbox.compact();
    expect((await pieces(other)).reduce((sum, { rows }) => sum + rows, 0)).toBe(61);
  });
});
