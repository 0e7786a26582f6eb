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

const MDN = /Content-Type: message\/disposition-notification\r\n\r\nReporting-UA: mail\.example\.com; Cirrus\r\n/;
const DSN =
  /Content-Type: message\/delivery-status\r\n\r\nReporting-MTA: dns;mail\.example\.com\r\n\r\nFinal-Recipient: rfc822;anna@example\.com\r\nAction: failed\r\nStatus: 5\.7\.1\r\n\r\n--/;

it.each([
  ['reject', 'anna@example.com', MDN],
  ['ereject', 'Mail delivery <MAILER-DAEMON@example.com>', DSN],
])('%s answers by a message, once, where nobody waits for the refusal', async (action, author, report) => {
  await using home = await openSieveHome({ relay: true });
  await home.script(`require "${action}"; ${action} "No thanks.";`);
  const responses = { servername: 'mail.example.com', defaultDomain: 'example.com' };
  const options = { outgoing: new Outgoing(home.store), responses };
  for (const _try of [1, 2]) {
    expect(await deliver(home, 'sender@example.org', options)).toEqual([{ ok: true }]);
  }
  await until('it is sent', () => home.sink.mails.length > 0);
  expect(home.sink.mails.map(({ from, to, notify }) => [from, notify, ...to])).toEqual([
    ['', 'NEVER', 'sender@example.org'],
  ]);
  const text = home.sink.mails[0]?.text ?? '';
  expect(text).toContain(`From: ${author}\r\n`);
  expect(text).toContain('The following reason was given:\r\nNo thanks.');
  expect(text).toMatch(report);
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
