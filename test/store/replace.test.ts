import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenMailbox } from '../../lib/store/account.ts';
import { expungedSince } from '../../lib/store/expunged-since.ts';
import { replaceMessage } from '../../lib/store/replace.ts';
import { fill, newInbox, openIn } from '../support/inbox.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';

let home: TestStore;
beforeAll(async () => {
  home = await openTestStore();
});
afterAll(() => home.close());

const uidsOf = async ({ mailbox }: OpenMailbox): Promise<string> => (await mailbox.refresh()).view.allUids().toString();

describe('REPLACE (RFC 8508)', () => {
  it('is one record: the count of messages never changes, and other processes read the same', async () => {
    const inbox = await newInbox(home, 3);
    const { view: before } = await inbox.mailbox.refresh();
    const { firstUid } = await replaceMessage(inbox, 2, inbox, await home.message(inbox.space, 'new'));
    const { view } = await inbox.mailbox.refresh();
    expect([firstUid, view.seq - before.seq, view.exists, view.state.uidNext]).toEqual([4, 1, 3, 5]);
    expect(view.allUids().toString()).toBe('1,3:4');
    expect(view.state.bytes).toBe(before.state.bytes - (before.sizeOf(2) ?? 0) + 3);
    expect(expungedSince(view, before.seq).toString()).toBe('2');
    const elsewhere = await openIn(home.another(), inbox.account.user);
    expect((await elsewhere.mailbox.refresh()).view.allUids().toString()).toBe('1,3:4');
    await inbox.mailbox.compact();
    const later = await openIn(home.another(), inbox.account.user);
    const folded = (await later.mailbox.refresh()).view;
    expect([folded.allUids().toString(), expungedSince(folded, before.seq).toString()]).toEqual(['1,3:4', '2']);
    expect((await later.mailbox.cold(folded, folded.allUids())).get(4)?.sizeBytes).toBe(3);
  });

  it('happens once, whoever tries: who comes second appends nothing', async () => {
    const inbox = await newInbox(home, 1);
    const others = await Promise.all([1, 2, 3].map(() => openIn(home.another(), inbox.account.user)));
    const tries = await Promise.allSettled(
      [inbox, inbox, ...others].map(async (open) =>
        replaceMessage(open, 1, open, await home.message(open.space, 'again')),
      ),
    );
    expect(tries.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    for (const one of tries) if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'expunged' });
    expect(await uidsOf(inbox)).toBe('2');
    expect((await inbox.mailbox.refresh()).view.state.uidNext).toBe(3);
  });

  it('into another mailbox appends there first', async () => {
    const inbox = await newInbox(home, 2);
    const archive = await openIn(home.store, inbox.account.user, 'Archive');
    await fill(home, archive, 1);
    const { firstUid } = await replaceMessage(inbox, 1, archive, await home.message(inbox.space));
    expect([firstUid, await uidsOf(inbox), await uidsOf(archive)]).toEqual([2, '2', '1:2']);
    await expect(replaceMessage(inbox, 1, archive, await home.message(inbox.space))).rejects.toMatchObject({
      code: 'expunged',
    });
    expect(await uidsOf(archive)).toBe('1:2');
  });

  it('needs t and e, and i at the destination', async () => {
    const inbox = await newInbox(home, 1);
    for (const rights of ['lrswipkxea', 'lrswipkxta', 'lrswpkxtea']) {
      const message = await home.message(inbox.space);
      await expect(replaceMessage({ ...inbox, rights }, 1, { ...inbox, rights }, message)).rejects.toMatchObject({
        code: 'no-permission',
      });
    }
    expect(await uidsOf(inbox)).toBe('1');
  });
});
