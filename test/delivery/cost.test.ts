import { expect, it } from 'vitest';
import { StoreDelivery } from '../../lib/delivery/deliver.ts';
import { addUser } from '../../lib/store/users.ts';
import { Costs, countingBlobs, countingIndex } from '../support/counting-index.ts';
import { openTestStore } from '../support/test-store.ts';

const DELIVERIES = 200;

it('a delivery to a known recipient: one batch of reads, claim, summary and head, one PUT', async () => {
  const costs = new Costs();
  const home = await openTestStore({
    wrapIndex: (index) => countingIndex(index, costs),
    wrapBlobs: (blobs) => countingBlobs(blobs, costs),
  });
  try {
    await addUser(home.store, { name: 'anna', verifier: undefined });
    const delivery = new StoreDelivery(home.store);
    const deliver = async (number: number): Promise<void> => {
      async function* body(): AsyncGenerator<Uint8Array> {
        yield Buffer.from(
          `Received: x\r\nFrom: a@b\r\nMessage-ID: <${number}@x>\r\nSubject: ${number}\r\n\r\nbody\r\n`,
        );
      }
      const recipient = await delivery.recipient('anna');
      if (!recipient.ok) throw new Error(recipient.text);
      const transaction = { sender: 'a@b', recipients: [recipient], trace: 'Received: y\r\n', body: body() };
      expect(await delivery.deliver(transaction)).toEqual([{ ok: true }]);
    };
    await deliver(0);
    costs.reset();
    for (let number = 1; number <= DELIVERIES; number++) await deliver(number);
    expect(costs.readRequests).toBe(DELIVERIES);
    expect(costs.blobPuts).toBe(DELIVERIES);
    expect(costs.blobGets).toBe(0);
    // Three writes each, and now and then a segment.
    expect(costs.writeRequests / DELIVERIES).toBeLessThanOrEqual(3.2);
    expect(costs.writeUnits / DELIVERIES).toBeLessThanOrEqual(3.6);
  } finally {
    await home.close();
  }
});
