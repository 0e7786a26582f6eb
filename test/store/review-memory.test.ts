import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expunge } from '../../lib/store/expunge.ts';
import { chainItems } from '../../lib/store/mailbox-columns.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { fill, newInbox } from '../support/inbox.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';

let home: TestStore;
beforeAll(async () => {
  home = await openTestStore();
});
afterAll(() => home.close());

describe('a view', () => {
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
