import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Account } from '../../lib/store/account.ts';
import { append } from '../../lib/store/append.ts';
import type { MailboxView } from '../../lib/store/mailbox-view.ts';
import { claimRecent, MODSEQ_STEP, readOverlay, setPrivateSeen } from '../../lib/store/overlay.ts';
import { PrivateSeen } from '../../lib/store/private-seen.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { addUser } from '../../lib/store/users.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';

let home: TestStore;

beforeAll(async () => {
  home = await openTestStore();
});
afterAll(() => home.close());

let users = 0;
async function mailboxOf(count: number) {
  const user = await addUser(home.store, { name: `overlay${++users}`, verifier: undefined });
  const inbox = await new Account(home.store, user).open('INBOX');
  const messages = await Promise.all(Array.from({ length: count }, () => home.message(user.space)));
  if (count > 0) await append(inbox, messages);
  return inbox;
}

describe('recent (Rule 16)', () => {
  it('gives each message to exactly one session', async () => {
    const inbox = await mailboxOf(3);
    const claims = await Promise.all(Array.from({ length: 8 }, () => claimRecent(inbox, 4)));
    expect(claims.filter((first) => first === 1)).toHaveLength(1);
    expect(claims.filter((first) => first === 4)).toHaveLength(7);
  });

  it('writes nothing when nothing is recent', async () => {
    const inbox = await mailboxOf(1);
    await claimRecent(inbox, 2);
    const before = await readOverlay(home.store.context, inbox.account.user.id, inbox.mailbox.id, 100);
    expect(await claimRecent(inbox, 2)).toBe(2);
    expect(await readOverlay(home.store.context, inbox.account.user.id, inbox.mailbox.id, 100)).toEqual(before);
  });
});

describe('what a process remembers of an overlay', () => {
  it('is not trusted: whoever finds it old has written nothing, and reads', async () => {
    const here = await mailboxOf(4);
    const there = await new Account(home.another(), here.account.user).open('INBOX');
    for (const [i, open] of [here, there, here, there].entries()) {
      await setPrivateSeen(open, () => ({ add: UidSet.of(i + 1), remove: UidSet.empty }));
    }
    expect(await claimRecent(here, 3)).toBe(1);
    expect(await claimRecent(there, 5)).toBe(3);
    expect(await claimRecent(here, 5)).toBe(5);
    const overlay = await readOverlay(home.store.context, here.account.user.id, here.mailbox.id, 100);
    expect(overlay !== 'ahead' && [overlay.seen.toString(), overlay.recentFrom]).toEqual(['1:4', 5]);
  });
});

describe('private seen (Rule 16)', () => {
  it('is a set of its own, with a mod-sequence after the head it rests on', async () => {
    const inbox = await mailboxOf(5);
    const { head } = await inbox.mailbox.refresh();
    const overlay = await setPrivateSeen(inbox, () => ({ add: UidSet.of(2, 3), remove: UidSet.empty }));
    expect(overlay.seen.toString()).toBe('2:3');
    expect(overlay.changes.at(-1)?.modSeq).toBe(head.seq * MODSEQ_STEP + 1);
    const { view } = await inbox.mailbox.refresh();
    expect(view.state.unseen).toBe(5);
  });

  it('is ahead of an older head, so that a reader starts again', async () => {
    const inbox = await mailboxOf(2);
    const old = (await inbox.mailbox.refresh()).head.seq;
    await setFlags(inbox, { operation: 'add', flags: ['\\Flagged'], uids: UidSet.of(1) });
    await setPrivateSeen(inbox, () => ({ add: UidSet.of(1), remove: UidSet.empty }));
    const { context } = home.store;
    expect(await readOverlay(context, inbox.account.user.id, inbox.mailbox.id, old)).toBe('ahead');
    expect(await readOverlay(context, inbox.account.user.id, inbox.mailbox.id, old + 1)).not.toBe('ahead');
  });

  it('never lets a reader miss a change that it was told to be past', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(2), { minLength: 4, maxLength: 24 }), async (steps) => {
        const inbox = await mailboxOf(4);
        const told: { highest: number; changes: Map<number, string> }[] = [];
        const read = async (): Promise<void> => {
          for (;;) {
            const { head } = await inbox.mailbox.refresh();
            const overlay = await readOverlay(home.store.context, inbox.account.user.id, inbox.mailbox.id, head.seq);
            if (overlay === 'ahead') continue;
            const highest = Math.max(head.seq * MODSEQ_STEP, overlay.changes.at(-1)?.modSeq ?? 0);
            told.push({ highest, changes: new Map(overlay.changes.map((c) => [c.modSeq, c.uids.toString()])) });
            return;
          }
        };
        await Promise.all(
          steps.map((step, i) => {
            if (step === 0) return read();
            if (step === 1) {
              return setFlags(inbox, { operation: 'add', flags: [`k${i}`], uids: UidSet.of(1 + (i % 4)) });
            }
            return setPrivateSeen(inbox, ({ seen }) =>
              seen.has(1 + (i % 4))
                ? { add: UidSet.empty, remove: UidSet.of(1 + (i % 4)) }
                : { add: UidSet.of(1 + (i % 4)), remove: UidSet.empty },
            );
          }),
        );
        await read();
        const last = told.at(-1)?.changes ?? new Map<number, string>();
        // Whatever exists at the end at or below what a reader was told must have been in what it read.
        for (const { highest, changes } of told) {
          for (const modSeq of last.keys()) if (modSeq <= highest) expect(changes.has(modSeq)).toBe(true);
        }
      }),
      { numRuns: 15 },
    );
  });

  it('what a process remembers of it never lets a session miss a change that it was told to be past', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(4), { minLength: 4, maxLength: 24 }), async (steps) => {
        const here = await mailboxOf(4);
        const there = await new Account(home.another(), here.account.user).open('INBOX');
        const session = new PrivateSeen(there);
        await session.refresh();
        const told: MailboxView[] = [];
        const tell = (): void => {
          const { view } = there.mailbox.cached ?? {};
          if (view !== undefined) told.push(session.viewOf(view));
        };
        const toggle = (uid: number) => (overlay: { readonly seen: UidSet }) =>
          overlay.seen.has(uid)
            ? { add: UidSet.empty, remove: UidSet.of(uid) }
            : { add: UidSet.of(uid), remove: UidSet.empty };
        const look = async (how: 'poll' | 'recall'): Promise<void> => {
          await session[how]();
          tell();
        };
        for (let at = 0; at < steps.length; at += 3) {
          await Promise.all(
            steps.slice(at, at + 3).map((step, i) => {
              const uid = 1 + ((at + i) % 4);
              if (step === 0) return look('poll');
              if (step === 1) return there.mailbox.refresh().then(() => look('recall'));
              if (step === 2) {
                return setFlags(here, { operation: 'add', flags: [`k${at + i}`], uids: UidSet.of(uid) });
              }
              return setPrivateSeen(step === 3 ? here : there, toggle(uid));
            }),
          );
        }
        await look('poll');
        const last = told.at(-1);
        for (const view of told) {
          for (const uid of [1, 2, 3, 4]) {
            const changed = last?.seqOf(uid) ?? 0;
            if (changed <= view.seq) expect(view.seqOf(uid)).toBe(changed);
          }
        }
      }),
      { numRuns: 25 },
    );
  });

  it('keeps a set too large for the item beside it, and only the newest one', async () => {
    const inbox = await mailboxOf(1);
    const odd = UidSet.fromSorted(Array.from({ length: 20_000 }, (_, i) => 2 * i + 1));
    await setPrivateSeen(inbox, () => ({ add: odd, remove: UidSet.empty }));
    const overlay = await setPrivateSeen(inbox, () => ({ add: UidSet.of(2), remove: UidSet.of(39_999) }));
    expect(overlay.seen.size).toBe(20_000);
    const { user } = inbox.account;
    const again = await readOverlay(home.store.context, user.id, inbox.mailbox.id, 100);
    expect(again !== 'ahead' && again.seen.toString() === overlay.seen.toString()).toBe(true);
  });

  it('takes over a change that its process left', async () => {
    const inbox = await mailboxOf(2);
    const { user } = inbox.account;
    await setPrivateSeen(inbox, () => ({ add: UidSet.of(1), remove: UidSet.empty }));
    await expect(
      setPrivateSeen(inbox, () => {
        throw new Error('the process dies here');
      }),
    ).rejects.toThrow('dies here');
    home.clock.advance(2001);
    const overlay = await readOverlay(home.store.context, user.id, inbox.mailbox.id, 100);
    expect(overlay !== 'ahead' && overlay.seen.toString()).toBe('1');
  });

  it('takes over a change left by a process whose clock is hours ahead', async () => {
    const inbox = await mailboxOf(2);
    const { user } = inbox.account;
    const ahead = home.another({ clock: { now: () => home.clock.now() + 2 * 3_600_000 } });
    const open = await new Account(ahead, user).open('INBOX');
    const dies = setPrivateSeen(open, () => {
      throw new Error('the process dies here');
    });
    await expect(dies).rejects.toThrow('dies here');
    const timer = setInterval(() => home.clock.advance(500), 10);
    try {
      const overlay = await readOverlay(home.store.context, user.id, inbox.mailbox.id, 100);
      expect(overlay !== 'ahead' && overlay.changingMs).toBe(0);
    } finally {
      clearInterval(timer);
    }
  });
});
