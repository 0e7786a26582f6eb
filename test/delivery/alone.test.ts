import { expect, it } from 'vitest';
import { type DeliveryOptions, StoreDelivery } from '../../lib/delivery/deliver.ts';
import { Outgoing } from '../../lib/delivery/outgoing.ts';
import type { Delivered } from '../../lib/delivery/ports.ts';
import { until } from '../support/until.ts';
import { message, openSieveHome, type SieveHome } from './sieve-support.ts';

/** Delivers a message to anna as `ingest` does: its sender waits for no answer. */
async function deliver(home: SieveHome, sender: string, options: DeliveryOptions): Promise<readonly Delivered[]> {
  const delivery = new StoreDelivery(home.store, { defaultDomain: 'example.com', ...options });
  const recipient = await delivery.recipient('anna@example.com');
  if (!recipient.ok) throw new Error(recipient.text);
  async function* body() {
    yield Buffer.from(message('refuse me').replaceAll('\n', '\r\n'));
  }
  return delivery.deliver({
    sender,
    recipients: [recipient],
    trace: '',
    body: body(),
    identity: sender,
    isAlone: true,
  });
}

it.each(['reject', 'ereject'])('%s answers by a message, once, where nobody waits for the refusal', async (action) => {
  await using home = await openSieveHome({ relay: true });
  await home.script(`require "${action}"; ${action} "No thanks.";`);
  const options = { outgoing: new Outgoing(home.store) };
  for (const _try of [1, 2]) {
    expect(await deliver(home, 'sender@example.org', options)).toEqual([{ ok: true }]);
  }
  await until('it is sent', () => home.sink.mails.length > 0);
  expect(home.sink.mails.map(({ from, to }) => [from, ...to])).toEqual([['', 'sender@example.org']]);
  expect(home.sink.mails[0]?.text).toContain('No thanks.');
  // The null reverse-path gets no answer: its mail is thrown away.
  expect(await deliver(home, '', options)).toEqual([{ ok: true }]);
  expect(await home.mail()).toEqual([]);
});

it('without a relay the mail is kept: its sender would never know', async () => {
  await using home = await openSieveHome();
  await home.script('require "reject"; reject "No thanks.";');
  expect(await deliver(home, 'sender@example.org', {})).toEqual([{ ok: true }]);
  expect(await home.mail()).toEqual(['INBOX: refuse me [$SieveFailed]']);
});
