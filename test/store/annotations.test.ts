import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenMailbox } from '../../lib/store/account.ts';
import {
  annotate,
  annotationKey,
  type EntryChange,
  MAX_ANNOTATION_BYTES,
  MAX_MESSAGE_ANNOTATIONS,
  valuesToSet,
} from '../../lib/store/annotate.ts';
import { append } from '../../lib/store/append.ts';
import { copyMessages } from '../../lib/store/copy.ts';
import { examine } from '../../lib/store/doctor.ts';
import { removeMessages } from '../../lib/store/expunge.ts';
import { moveMessages } from '../../lib/store/move.ts';
import { getQuota, setLimits } from '../../lib/store/quota-roots.ts';
import { mailboxStatuses } from '../../lib/store/status.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { chosenHome } from '../support/home.ts';
import { newInbox, openIn } from '../support/inbox.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';

let home: TestStore;
beforeAll(async () => {
  home = await openTestStore();
});
afterAll(() => home.close());

const comment = (value: string | undefined, scope: EntryChange['scope'] = 'shared'): EntryChange => {
  return { entry: '/comment', scope, value: value === undefined ? undefined : Buffer.from(value) };
};

/** What the newest view has, as `uid key value`, sorted. */
async function annotationsOf({ mailbox }: OpenMailbox): Promise<string[]> {
  const { view } = await mailbox.refresh();
  const lines: string[] = [];
  for (const [uid, values] of await mailbox.annotations(view, view.allUids())) {
    for (const [key, value] of values) lines.push(`${uid} ${key} ${value.toString('latin1')}`);
  }
  return lines.sort();
}

async function annotationBytes({ mailbox }: OpenMailbox): Promise<number | undefined> {
  return (await mailboxStatuses(home.index, [mailbox.id]))[0]?.annotationBytes;
}

describe('annotations of messages (RFC 5257)', () => {
  it('are there after a snapshot, in other processes, and of no message that is gone', async () => {
    const inbox = await newInbox(home, 3);
    const user = inbox.account.user.id;
    await annotate(inbox, { uids: UidSet.of(1, 2), entries: [comment('one'), comment('mine', 'private')] });
    await inbox.mailbox.compact();
    await annotate(inbox, { uids: UidSet.of(2, 3), entries: [comment('two')] });
    const expected = [
      '1 \0/comment one',
      `1 ${user}\0/comment mine`,
      '2 \0/comment two',
      `2 ${user}\0/comment mine`,
      '3 \0/comment two',
    ].sort();
    expect(await annotationsOf(inbox)).toEqual(expected);
    expect(await annotationsOf(await openIn(home.another(), inbox.account.user))).toEqual(expected);
    expect(await annotationBytes(inbox)).toBe(17);
    await removeMessages(inbox, () => UidSet.of(2), 'expunge');
    expect(await annotationBytes(inbox)).toBe(10);
    await inbox.mailbox.compact();
    const later = await openIn(home.another(), inbox.account.user);
    expect(await annotationsOf(later)).toEqual(expected.filter((line) => !line.startsWith('2 ')));
    await annotate(later, { uids: UidSet.of(1, 3), entries: [comment(undefined), comment(undefined, 'private')] });
    await later.mailbox.compact();
    const { view } = await (await openIn(home.another(), inbox.account.user)).mailbox.refresh();
    expect([view.state.annotations.sizes.size, view.state.annotationBytes]).toEqual([0, 0]);
    expect(view.state.snapshot?.annotations).toEqual([]);
  });

  it('hold any octets', async () => {
    const inbox = await newInbox(home, 1);
    const value = Buffer.from([0, 13, 10, 255, 34]);
    await annotate(inbox, { uids: UidSet.of(1), entries: [{ entry: '/vendor/a/b', scope: 'shared', value }] });
    await inbox.mailbox.compact();
    const again = await openIn(home.another(), inbox.account.user);
    const { view } = await again.mailbox.refresh();
    expect((await again.mailbox.annotations(view, UidSet.of(1))).get(1)?.get('\0/vendor/a/b')).toEqual(value);
  });

  it('are one record for any number of messages, and the whole or nothing', async () => {
    const inbox = await newInbox(home, 3);
    const { view: before } = await inbox.mailbox.refresh();
    await annotate(inbox, { uids: UidSet.of(1, 2, 3), entries: [comment('x')] });
    const { view } = await inbox.mailbox.refresh();
    expect([view.seq - before.seq, view.seqOf(1), view.seqOf(3)]).toEqual([1, view.seq, view.seq]);
    await expect(
      annotate(inbox, { uids: UidSet.of(1), entries: [comment('y'), { ...comment('z'), entry: '/nothing' }] }),
    ).rejects.toMatchObject({ code: 'cannot' });
    expect(await annotationsOf(inbox)).toContain('1 \0/comment x');
  });

  it('go with COPY and MOVE: shared ones and those of the user, as far as the rights there allow (§4.6)', async () => {
    const inbox = await newInbox(home, 2);
    const { user } = inbox.account;
    const archive = await openIn(home.store, user, 'Archive');
    await annotate(inbox, { uids: UidSet.of(1, 2), entries: [comment('s'), comment('p', 'private')] });
    const other = { ...inbox, account: (await newInbox(home, 0)).account };
    await annotate(other, { uids: UidSet.of(1), entries: [comment('another', 'private')] });
    await copyMessages(inbox, UidSet.of(1), archive);
    await copyMessages(inbox, UidSet.of(1), { ...archive, rights: archive.rights.replace('n', '') });
    await moveMessages(inbox, UidSet.of(2), archive);
    const mine = `${user.id}\0/comment p`;
    expect(await annotationsOf(archive)).toEqual(
      ['1 \0/comment s', `1 ${mine}`, `2 ${mine}`, '3 \0/comment s', `3 ${mine}`].sort(),
    );
    expect(await annotationsOf(inbox)).toHaveLength(3);
  });

  it('have limits: one value, how many of a message for each user', async () => {
    const inbox = await newInbox(home, 1);
    const uids = UidSet.of(1);
    await annotate(inbox, { uids, entries: [comment('x'.repeat(MAX_ANNOTATION_BYTES))] });
    await expect(
      annotate(inbox, { uids, entries: [comment('x'.repeat(MAX_ANNOTATION_BYTES + 1))] }),
    ).rejects.toMatchObject({ code: 'too-big' });
    const many = (count: number, scope: EntryChange['scope']): EntryChange[] =>
      Array.from({ length: count }, (_, i) => ({ entry: `/vendor/a/${i}`, scope, value: Buffer.from('x') }));
    await annotate(inbox, { uids, entries: many(MAX_MESSAGE_ANNOTATIONS - 1, 'shared') });
    await annotate(inbox, { uids, entries: many(MAX_MESSAGE_ANNOTATIONS, 'private') });
    for (const scope of ['shared', 'private'] as const) {
      await expect(
        annotate(inbox, { uids, entries: [{ ...comment('x', scope), entry: '/altsubject' }] }),
      ).rejects.toMatchObject({ code: 'too-many' });
    }
    const message = await home.message(inbox.space);
    const annotations = valuesToSet(inbox, many(MAX_MESSAGE_ANNOTATIONS + 1, 'shared'));
    await expect(append(inbox, [{ ...message, annotations }])).rejects.toMatchObject({ code: 'too-many' });
    // Replacing one is always possible.
    await annotate(inbox, { uids, entries: [comment('y')] });
  });

  it('count for ANNOTATION-STORAGE (RFC 9208 §5.4)', async () => {
    const inbox = await newInbox(home, 2);
    const { account } = inbox;
    await setLimits(home.store, { tree: account.tree, space: inbox.space }, '', new Map([['ANNOTATION-STORAGE', 2]]));
    await annotate(inbox, { uids: UidSet.of(1, 2), entries: [comment('x'.repeat(1024))] });
    expect((await getQuota(account, 'INBOX')).usages).toEqual([{ resource: 'ANNOTATION-STORAGE', used: 2, limit: 2 }]);
    await expect(annotate(inbox, { uids: UidSet.of(1), entries: [comment('y', 'private')] })).rejects.toMatchObject({
      code: 'over-quota',
    });
    await annotate(inbox, { uids: UidSet.of(1), entries: [comment(undefined)] });
    await annotate(inbox, { uids: UidSet.of(1), entries: [comment('y', 'private')] });
  });

  it('any history gives what a simple model has, whoever folds, and the doctor finds nothing', {
    timeout: 120_000,
  }, async () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant('annotate' as const),
        by: fc.nat(1),
        uids: fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 4 }),
        entry: fc.constantFrom('/comment', '/altsubject', '/vendor/a/b'),
        scope: fc.constantFrom('private' as const, 'shared' as const),
        value: fc.option(fc.string({ maxLength: 20 }), { nil: undefined }),
      }),
      fc.record({ do: fc.constant('append' as const), by: fc.nat(1), value: fc.string({ maxLength: 9 }) }),
      fc.record({ do: fc.constant('expunge' as const), by: fc.nat(1), uid: fc.integer({ min: 1, max: 8 }) }),
      fc.record({ do: fc.constant('compact' as const), by: fc.nat(1) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const first = await newInbox(home, 4);
        const both = [first, await openIn(home.another(), first.account.user)] as const;
        const model = new Map<number, Map<string, string>>([1, 2, 3, 4].map((uid) => [uid, new Map()]));
        for (const one of steps) {
          const open = both[one.by] ?? first;
          if (one.do === 'compact') await open.mailbox.compact();
          if (one.do === 'expunge') {
            await removeMessages(open, (view) => view.present(UidSet.of(one.uid)), 'expunge');
            model.delete(one.uid);
          }
          if (one.do === 'append') {
            const annotations = valuesToSet(open, [comment(one.value)]);
            const { firstUid } = await append(open, [{ ...(await home.message(open.space)), annotations }]);
            model.set(firstUid, new Map([['\0/comment', one.value]]));
          }
          if (one.do === 'annotate') {
            const value = one.value === undefined ? undefined : Buffer.from(one.value);
            const uids = UidSet.fromSorted([...one.uids].sort((a, b) => a - b));
            await annotate(open, { uids, entries: [{ ...one, value }] });
            for (const uid of one.uids) {
              const key = annotationKey(open.account.user.id, one);
              if (one.value === undefined) model.get(uid)?.delete(key);
              else model.get(uid)?.set(key, one.value);
            }
          }
        }
        const expected = [...model].flatMap(([uid, own]) => [...own].map(([key, value]) => `${uid} ${key} ${value}`));
        const fresh = await openIn(home.another(), first.account.user);
        for (const open of [...both, fresh]) expect(await annotationsOf(open)).toEqual(expected.sort());
        const bytes = [...model.values()]
          .flatMap((own) => [...own.values()])
          .reduce((sum, value) => sum + value.length, 0);
        expect(await annotationBytes(fresh)).toBe(bytes);
      }),
      { numRuns: chosenHome === 'aws' ? 5 : 20 },
    );
    expect((await examine(home.another())).faults).toBe(0);
  });
});
