import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { append } from '../../lib/store/append.ts';
import { StoreError } from '../../lib/store/errors.ts';
import { expunge } from '../../lib/store/expunge.ts';
import { DAY_MS } from '../../lib/store/keep.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { fill, gatedHeads, newInbox, openIn } from '../support/inbox.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';

let home: TestStore;
let gate = async (): Promise<void> => undefined;

beforeAll(async () => {
  home = await openTestStore({ wrapIndex: (index) => gatedHeads(index, () => gate()), random: () => 0 });
});
afterAll(() => home.close());

const add = (flag: string, ...uids: number[]) => ({
  operation: 'add' as const,
  flags: [flag],
  uids: UidSet.of(...uids),
});

/** Runs `meanwhile` before the next write of a head reaches the index. */
function beforeNextHead(meanwhile: () => Promise<unknown>): void {
  gate = async () => {
    gate = async () => undefined;
    await meanwhile();
  };
}

describe('a change that was answered (Rule 4)', () => {
  it('is not run again when the write of its group must be', async () => {
    const inbox = await newInbox(home, 2);
    const other = await openIn(home.another(), inbox.account.user);
    await other.mailbox.refresh();
    // While the first is written, the others become a group.
    const first = setFlags(inbox, add('\\Flagged', 1));
    beforeNextHead(async () => beforeNextHead(() => setFlags(other, add('\\Deleted', 1))));
    // Nothing is marked when the expunge is evaluated: it is answered so, whatever becomes of what comes after it.
    const [gone] = await Promise.all([expunge(inbox), setFlags(inbox, add('\\Flagged', 2)), first]);
    expect(gone.isEmpty).toBe(true);
    expect((await inbox.mailbox.refresh()).view.exists).toBe(2);
  });

  it('without a record rests on what is there now, not on what this process had read', async () => {
    const inbox = await newInbox(home, 1);
    const other = await openIn(home.another(), inbox.account.user);
    await fill(home, other, 1);
    const { reply } = await inbox.mailbox.commit((view) => ({ reply: view.exists }));
    expect(reply).toBe(2);
  });
});

describe('what was written long before its commit (Rule 9)', () => {
  it('is not committed when the process slept for a day before the write of the head', async () => {
    const inbox = await newInbox(home, 1);
    gate = async () => {
      gate = async () => undefined;
      home.clock.advance(DAY_MS);
      throw new StoreError('unavailable', 'the connection did not survive that');
    };
    await expect(fill(home, inbox, 1)).rejects.toMatchObject({ code: 'unavailable' });
    expect((await inbox.mailbox.refresh()).view.exists).toBe(1);
  });

  it('fails alone', async () => {
    const inbox = await newInbox(home);
    const old = await home.message(inbox.space);
    home.clock.advance(DAY_MS / 2 + 1);
    const [late, other] = await Promise.allSettled([append(inbox, [old]), fill(home, inbox, 1)]);
    expect(late).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
    expect(other.status).toBe('fulfilled');
  });

  it('is no snapshot either', async () => {
    const inbox = await newInbox(home, 1);
    gate = async () => {
      gate = async () => undefined;
      home.clock.advance(DAY_MS);
      throw new StoreError('unavailable', 'the connection did not survive that');
    };
    await expect(inbox.mailbox.compact()).rejects.toMatchObject({ code: 'unavailable' });
    expect((await inbox.mailbox.refresh()).head.snapId).toBeUndefined();
  });
});

describe('a view whose records were folded and tidied away (Rule 7)', () => {
  it('fails one change at most', async () => {
    const a = await newInbox(home, 1);
    const b = await openIn(home.another(), a.account.user);
    await b.mailbox.refresh();
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 40; i++)
        await setFlags(a, { ...add('\\Flagged', 1), operation: i % 2 === 0 ? 'add' : 'remove' });
      await a.mailbox.compact();
      home.clock.advance(8 * DAY_MS);
    }
    await setFlags(b, add('\\Seen', 1)).catch(() => undefined);
    await setFlags(b, add('\\Seen', 1));
    expect((await a.mailbox.refresh()).view.state.unseen).toBe(0);
  });
});
