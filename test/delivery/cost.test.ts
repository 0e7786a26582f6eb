import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { budgets } from '../../bench/cost/budget.ts';
import { StoreDelivery } from '../../lib/delivery/deliver.ts';
import type { Recipient } from '../../lib/delivery/ports.ts';
import { addUser } from '../../lib/store/users.ts';
import { expectWithin, homes, type MeteredStore, openMeteredStore } from '../support/metered-store.ts';

const DELIVERIES = 200;
const RECIPIENTS = 10;

describe.each(homes)('what a delivery costs (%s)', (name) => {
  let home: MeteredStore;
  let delivery: StoreDelivery;
  let number = 0;

  beforeAll(async () => {
    home = await openMeteredStore(name);
    delivery = new StoreDelivery(home.store);
  });
  afterAll(() => home.close());

  async function users(prefix: string, count: number): Promise<string[]> {
    const names = Array.from({ length: count }, (_, i) => `${prefix}${i}`);
    for (const each of names) await addUser(home.store, { name: each, verifier: undefined });
    return names;
  }

  async function deliver(names: readonly string[]): Promise<void> {
    const header = `Received: x\r\nFrom: a@b\r\nMessage-ID: <${++number}@x>\r\nSubject: ${number}\r\n`;
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(`${header}\r\nbody\r\n`);
    }
    const recipients: Recipient[] = [];
    for (const each of names) {
      const recipient = await delivery.recipient(each);
      if (!recipient.ok) throw new Error(recipient.text);
      recipients.push(recipient);
    }
    const transaction = { sender: 'a@b', recipients, trace: 'Received: y\r\n', body: body() };
    expect(await delivery.deliver(transaction)).toEqual(names.map(() => ({ ok: true })));
  }

  it('to a known recipient: one batch of reads, claim, summary and head, one PUT', async () => {
    const names = await users('anna', 1);
    await deliver(names);
    const cost = await home.average(DELIVERIES, () => deliver(names));
    expectWithin(cost, budgets.delivery);
    expect(cost).toMatchObject({ readRequests: 1, blobPuts: 1 });
  });

  it('to a recipient who gets mail all the time: no more when a minute is over, which each delivery begins anew', async () => {
    const names = await users('dora', 1);
    await deliver(names);
    const cost = await home.average(4, async () => {
      home.clock.advance(50_000);
      await deliver(names);
    });
    expect(cost.readRequests).toBe(1);
  });

  it('to ten known recipients of one transaction: one PUT in all', async () => {
    const names = await users('many', RECIPIENTS);
    await deliver(names);
    const cost = await home.average(DELIVERIES / RECIPIENTS, () => deliver(names));
    const each = Object.fromEntries(Object.entries(cost).map(([what, sum]) => [what, sum / RECIPIENTS]));
    expectWithin({ ...cost, ...each }, budgets.deliveryOfMany);
    expect(cost.blobPuts).toBe(1);
  });
});
