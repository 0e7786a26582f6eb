import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { StoreDelivery } from '../../lib/delivery/deliver.ts';
import { StoreError } from '../../lib/store/errors.ts';
import { claimKey } from '../../lib/store/keys.ts';
import { messageBytes } from '../../lib/store/messages.ts';
import { addUser } from '../../lib/store/users.ts';
import { openTestStore } from '../support/test-store.ts';
import { accountOf } from './sieve-support.ts';

const TEXT = 'Received: by mta; x\r\nMessage-ID: <a@b>\r\n\r\nwhole\r\n';

it('a claim whose message was never written is the next try’s (Rule 13)', async () => {
  let put: (() => Promise<void>) | undefined;
  const home = await openTestStore({
    wrapBlobs: (blobs) => ({
      put: async (...args) => {
        await put?.();
        return blobs.put(...args);
      },
      get: (...args) => blobs.get(...args),
      stream: (...args) => blobs.stream(...args),
      info: (...args) => blobs.info(...args),
      copy: (...args) => blobs.copy(...args),
      deleteMany: (...args) => blobs.deleteMany(...args),
      list: (...args) => blobs.list(...args),
      close: () => blobs.close(),
    }),
  });
  try {
    await addUser(home.store, { name: 'anna', verifier: undefined });
    const { mailbox, space } = await (await accountOf(home.store, 'anna')).open('INBOX');
    const attempt = async (): Promise<boolean> => {
      const delivery = new StoreDelivery(home.another());
      const recipient = await delivery.recipient('anna');
      if (!recipient.ok) throw new Error(recipient.text);
      async function* body(): AsyncGenerator<Uint8Array> {
        yield Buffer.from(TEXT);
      }
      const transaction = { sender: 's@example.org', recipients: [recipient], trace: '', body: body() };
      return (await delivery.deliver(transaction))[0]?.ok === true;
    };
    const claims = async () => (await home.index.query({ pk: claimKey(mailbox.id, Buffer.alloc(0)).pk })).rows.length;

    put = async () => {
      while ((await claims()) === 0) await setImmediate();
      throw new StoreError('unavailable', 'disk full');
    };
    expect(await attempt()).toBe(false);
    expect([await claims(), (await mailbox.refresh()).view.exists]).toEqual([1, 0]);

    put = undefined;
    expect([await attempt(), await attempt()]).toEqual([true, true]);
    const { view } = await mailbox.refresh();
    expect([await claims(), view.exists]).toEqual([1, 1]);
    for (const { blob } of (await mailbox.cold(view, view.allUids())).values()) {
      expect((await messageBytes(home.store.context, space, blob)).toString()).toBe(TEXT);
    }
  } finally {
    await home.close();
  }
});
