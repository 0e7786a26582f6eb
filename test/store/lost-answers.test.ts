import { afterEach, describe, expect, it } from 'vitest';
import { newId } from '../../lib/base/ids.ts';
import { StoreError } from '../../lib/store/errors.ts';
import type { Blobs } from '../../lib/store/ports.ts';
import { FaultPlan } from '../support/fault-plan.ts';
import { faultyIndex } from '../support/faulty-index.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';

let home: TestStore | undefined;
afterEach(() => home?.close());

/** The blobs, but the answer to the first try of every put is lost, and the second finds the key taken. */
function forgetful(blobs: Blobs): Blobs {
  return {
    put: async (key, body, metadata) => {
      await blobs.put(key, body, metadata);
      return { created: false, sizeBytes: 0 };
    },
    get: (...args) => blobs.get(...args),
    stream: (...args) => blobs.stream(...args),
    info: (...args) => blobs.info(...args),
    copy: (...args) => blobs.copy(...args),
    deleteMany: (...args) => blobs.deleteMany(...args),
    list: (...args) => blobs.list(...args),
    close: () => blobs.close(),
  };
}

describe('answers that were lost (Rule 3)', () => {
  it('do not cost a message its size', async () => {
    home = await openTestStore({ wrapBlobs: forgetful });
    expect((await home.message(newId(home.clock.now()), 'Subject: x\r\n\r\nHello\r\n')).sizeBytes).toBe(21);
  });

  it('to the last quota add are told, and do not keep the store from closing', async () => {
    const plan = new FaultPlan(({ name }) => (name === 'index.add' ? 'lost' : undefined));
    home = await openTestStore({ wrapIndex: (index) => faultyIndex(index, plan) });
    const errors: unknown[] = [];
    const store = home.another({ onError: (_what, error) => errors.push(error) });
    const root = { id: store.newId(), storageKib: 1, messages: undefined };
    store.quota.add(root, store.newId(), 1, 1);
    await store.close();
    expect(errors).toHaveLength(1);
    expect(errors[0]).toBeInstanceOf(StoreError);
  });
});
