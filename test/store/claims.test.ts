import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenMailbox } from '../../lib/store/account.ts';
import { deliverOnce } from '../../lib/store/claims.ts';
import { DAY_MS } from '../../lib/store/keep.ts';
import { claimKey } from '../../lib/store/keys.ts';
import type { MailStore } from '../../lib/store/mail-store.ts';
import { newInbox, openIn } from '../support/inbox.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';

let home: TestStore;
beforeAll(async () => {
  home = await openTestStore();
});
afterAll(() => home.close());

async function deliver(store: MailStore, { mailbox, space }: OpenMailbox, id: number, written?: Promise<void>) {
  const message = await home.message(space);
  return deliverOnce(store, mailbox.id, {
    deliveryId: Buffer.alloc(32, id),
    messageKey: undefined,
    suppressMs: 0,
    message: { ...message, flags: { system: 0, keywords: [] } },
    ...(written && { written }),
  });
}

describe('a delivery that is tried again after a week (Rule 13)', () => {
  it('is known to a process whose view rests on a snapshot that was tidied away', async () => {
    const a = await newInbox(home);
    await a.mailbox.refresh();
    expect(await deliver(home.store, a, 1)).toBe('delivered');
    await a.mailbox.compact();
    const b = await openIn(home.another(), a.account.user);
    await b.mailbox.refresh();
    const round = async (id: number): Promise<void> => {
      await deliver(home.store, a, id);
      await a.mailbox.compact();
      await b.mailbox.refresh();
    };
    // So many snapshots that the pieces with the nonces become one, and a week for the records to go.
    for (let id = 2; id < 40; id++) await round(id);
    for (let id = 40; id < 44; id++) {
      home.clock.advance(2.5 * DAY_MS);
      await round(id);
    }
    expect(await deliver(b.store, b, 1)).toBe('before');
    expect((await a.mailbox.refresh()).view.exists).toBe(43);
  });
});

describe('a delivery whose message is still being written', () => {
  async function claims({ mailbox }: OpenMailbox): Promise<number> {
    return (await home.index.query({ pk: claimKey(mailbox.id, Buffer.alloc(0)).pk })).rows.length;
  }

  it('claims meanwhile, and appends when it is written', async () => {
    const inbox = await newInbox(home);
    const { promise: written, resolve } = Promise.withResolvers<void>();
    const delivering = deliver(home.store, inbox, 1, written);
    while ((await claims(inbox)) === 0) await setImmediate();
    // It goes the whole way meanwhile: a first that did not wait would be there before.
    expect(await deliver(home.store, inbox, 2)).toBe('delivered');
    expect((await inbox.mailbox.refresh()).view.exists).toBe(1);
    resolve();
    expect(await delivering).toBe('delivered');
    expect((await inbox.mailbox.refresh()).view.exists).toBe(2);
  });

  it('appends nothing when that fails, and the next try is the first', async () => {
    const inbox = await newInbox(home);
    const written = Promise.reject(new Error('disk full'));
    written.catch(() => undefined);
    await expect(deliver(home.store, inbox, 1, written)).rejects.toThrow('disk full');
    expect((await inbox.mailbox.refresh()).view.exists).toBe(0);
    expect(await deliver(home.store, inbox, 1)).toBe('delivered');
    expect(await deliver(home.store, inbox, 1)).toBe('before');
    expect((await inbox.mailbox.refresh()).view.exists).toBe(1);
  });
});
