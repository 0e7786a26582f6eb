import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenMailbox } from '../../lib/store/account.ts';
import { appendTo } from '../../lib/store/append.ts';
import { AlreadyCommitted } from '../../lib/store/commit-plan.ts';
import { findCommitted } from '../../lib/store/committed-before.ts';
import { StoreError } from '../../lib/store/errors.ts';
import { expunge } from '../../lib/store/expunge.ts';
import { emptyRecord } from '../../lib/store/mailbox-records.ts';
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

/** Runs changes that wait for one commit together, behind one that is under way; then `later` decides over writes. */
async function together<T>(
  inbox: OpenMailbox,
  run: () => readonly Promise<T>[],
  later: () => Promise<void> = async () => undefined,
): Promise<PromiseSettledResult<T>[]> {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const atGate = new Promise<void>((reached) => {
    gate = () => {
      reached();
      return opened;
    };
  });
  const first = setFlags(inbox, { operation: 'add', flags: [`first${++firsts}`], uids: UidSet.of(1) });
  await atGate;
  const all = Promise.allSettled(run());
  gate = later;
  open();
  await first;
  const settled = await all;
  gate = async () => undefined;
  return settled;
}

let firsts = 0;

const seen = (uid: number) => ({ operation: 'add' as const, flags: ['\\Seen'], uids: UidSet.of(uid) });

describe('changes that are committed together (Rule 4)', () => {
  it('an answer that rests on a change of the same group fails with that change', async () => {
    const inbox = await newInbox(home, 1);
    // The second has nothing to write only because of the first.
    const both = await together(
      inbox,
      () => [setFlags(inbox, seen(1)), setFlags(inbox, seen(1))],
      () => Promise.reject(new StoreError('unavailable', 'the world is unwell')),
    );
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const fresh = await openIn(home.another(), inbox.account.user);
    expect((await fresh.mailbox.refresh()).view.state.unseen).toBe(1);
  });

  it('an answer that rests on a change of a failed attempt is made anew', async () => {
    const inbox = await newInbox(home, 1);
    const other = await openIn(home.another(), inbox.account.user);
    await other.mailbox.refresh();
    const append = await home.message(inbox.space);
    let first = true;
    const [appended, asked] = await together<number>(
      inbox,
      () => [
        inbox.mailbox
          .commit((view) => {
            const flags = { system: 0, keywords: [] };
            const { record, firstUid } = appendTo(view, [{ ...append, flags }], false);
            return { record, reply: firstUid };
          })
          .then(({ reply }) => reply),
        inbox.mailbox.commit((view) => ({ reply: view.state.uidNext })).then(({ reply }) => reply),
      ],
      async () => {
        if (!first) return;
        first = false;
        gate = async () => undefined;
        await fill(home, other, 1);
      },
    );
    expect([appended, asked]).toMatchObject([{ value: 3 }, { value: 4 }]);
  });

  it('two tries of one delivery in one group are one message (Rule 13)', async () => {
    const inbox = await newInbox(home, 1);
    const { head } = await inbox.mailbox.refresh();
    const nonce = Buffer.from('delivery');
    const message = await home.message(inbox.space);
    const flags = { system: 0, keywords: [] };
    const deliver = () =>
      inbox.mailbox.commit((view) => ({ record: appendTo(view, [{ ...message, flags }], true).record, reply: 1 }), {
        nonce,
        isCommitted: async (base) => {
          const { store, mailbox } = inbox;
          const view = async () => base.view;
          return (await findCommitted(store.context, mailbox.id, base, nonce, head.seq, view)) !== undefined;
        },
      });
    const tries = await together<unknown>(inbox, () => [deliver(), deliver(), deliver()]);
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const one of tries) if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(AlreadyCommitted);
    expect((await inbox.mailbox.refresh()).view.exists).toBe(2);
  });

  it('an expunge counts the bytes of messages that a change before it in its group marked', async () => {
    const inbox = await newInbox(home, 5);
    await inbox.mailbox.compact();
    // Nobody has read the messages' data here yet.
    const cold = await openIn(home.another(), inbox.account.user);
    await cold.mailbox.refresh();
    const uids = UidSet.fromRanges([[2, 5]]);
    const [, gone] = await together<unknown>(cold, () => [
      setFlags(cold, { operation: 'add', flags: ['\\Deleted'], uids }),
      expunge(cold).then(String),
    ]);
    expect(gone).toMatchObject({ value: '2:5' });
    const { view } = await cold.mailbox.refresh();
    const rows = await cold.mailbox.cold(view, view.allUids());
    expect(view.state.bytes).toBe([...rows.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  });

  it('a change that throws fails only its own caller', async () => {
    const inbox = await newInbox(home, 1);
    const [good, bad] = await together<unknown>(inbox, () => [
      setFlags(inbox, seen(1)),
      inbox.mailbox.commit(() => {
        throw new StoreError('cannot', 'no');
      }),
    ]);
    expect(good?.status).toBe('fulfilled');
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'cannot' } });
    expect((await inbox.mailbox.refresh()).view.state.unseen).toBe(0);
  });

  it('a thousand changes at once are a few writes, each with its own seq', async () => {
    const inbox = await newInbox(home, 1);
    let writes = 0;
    gate = async () => {
      writes++;
    };
    const before = (await inbox.mailbox.refresh()).head.seq;
    const done = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => setFlagsSeq(inbox, i % 2 === 0 ? 'add' : 'remove')),
    );
    gate = async () => undefined;
    expect(new Set(done).size).toBe(1000);
    expect((await inbox.mailbox.refresh()).head.seq).toBe(before + 1000);
    expect(writes).toBeLessThan(50);
  });

  it('are prepared about once each, however many wait', async () => {
    const inbox = await newInbox(home, 1);
    let prepared = 0;
    const prepare = async (): Promise<void> => {
      prepared++;
    };
    const one = () => inbox.mailbox.commit(() => ({ record: emptyRecord(), reply: undefined }), { prepare });
    await Promise.all(Array.from({ length: 1000 }, one));
    expect(prepared).toBeLessThan(2000);
  });
});

async function setFlagsSeq(inbox: Awaited<ReturnType<typeof newInbox>>, operation: 'add' | 'remove'): Promise<number> {
  await setFlags(inbox, { ...seen(1), operation });
  const { seq } = await inbox.mailbox.commit((view) => ({ reply: view.seq }));
  return seq * 10_000 + Math.random();
}
