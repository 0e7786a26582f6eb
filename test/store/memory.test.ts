import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendTo } from '../../lib/store/append.ts';
import { expunge } from '../../lib/store/expunge.ts';
import { chainItems } from '../../lib/store/mailbox-columns.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { fill, newInbox, openIn } from '../support/inbox.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';
import { until } from '../support/until.ts';

let home: TestStore;
beforeAll(async () => {
  home = await openTestStore();
});
afterAll(() => home.close());

describe('a view', () => {
  it('that is only carried on by records is put on a newer snapshot now and then', async () => {
    const inbox = await newInbox(home, 1);
    const follower = await openIn(home.another(), inbox.account.user);
    await follower.mailbox.refresh();
    const message = { ...(await home.message(inbox.space)), flags: { system: 0, keywords: [] } };
    const deliver = () =>
      inbox.mailbox.commit((view) => ({ record: appendTo(view, [message], true).record, reply: undefined }));
    for (let round = 0; round < 5; round++) {
      await Promise.all(Array.from({ length: 1000 }, deliver));
      await inbox.mailbox.compact();
      await follower.mailbox.refresh();
    }
    await until('the view rests on a newer snapshot', async () => {
      const { view } = await follower.mailbox.refresh();
      return [...chainItems(view.state.deliveries)].length < 5000 && view.exists === 5001;
    });
  });

  it('keeps the data of expunged messages only where no snapshot has them (Rule 9)', async () => {
    const inbox = await newInbox(home, 5);
    await inbox.mailbox.compact();
    await fill(home, inbox, 2);
    const { view } = await inbox.mailbox.refresh();
    await setFlags(inbox, { operation: 'add', flags: ['\\Deleted'], uids: view.allUids() });
    expect((await expunge(inbox)).size).toBe(7);
    const [entry] = chainItems((await inbox.mailbox.refresh()).view.state.expunged);
    expect([...(entry?.rows.keys() ?? [])]).toEqual([6, 7]);
    expect(await inbox.mailbox.keptExpunged()).toHaveLength(7);
  });
});
