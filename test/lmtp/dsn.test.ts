import { expect, onTestFinished, test } from 'vitest';
import type { MessageReports, RecipientOptions, RecipientReports, Transaction } from '../../lib/delivery/ports.ts';
import { CollectingDelivery, LmtpClient, openLmtp } from './support.ts';

/** Delivery that also keeps what is said of reports. */
class Reporting extends CollectingDelivery {
  readonly said: (MessageReports | RecipientReports | undefined)[] = [];

  override async recipient(address: string, sizeBytes?: number, options: RecipientOptions = {}) {
    this.said.push(options.reports);
    return super.recipient(address, sizeBytes, options);
  }

  override async deliver(transaction: Transaction) {
    this.said.push(transaction.reports);
    return super.deliver(transaction);
  }
}

test('DSN is offered where reports can be sent, and what is said of them goes to delivery (RFC 3461 §4)', async () => {
  const delivery = new Reporting();
  const listener = await openLmtp(delivery, { takesReports: true });
  onTestFinished(() => listener.drain());
  const client = await LmtpClient.connect(listener);
  await client.reply();
  expect(await client.say('LHLO client')).toContain('\r\n250-DSN\r\n');
  for (const [line, reply] of [
    ['MAIL FROM:<a@example.com> RET=ALL', '501 5.5.4 Syntax: RET=FULL|HDRS'],
    ['MAIL FROM:<a@example.com> RET', '501 5.5.4 Syntax: RET=FULL|HDRS'],
    ['MAIL FROM:<a@example.com> ENVID=a+2', '501 5.5.4 Syntax: ENVID=id'],
    ['MAIL FROM:<a@example.com> ENVID=a+0D+0AX', '501 5.5.4 Syntax: ENVID=id'],
    [`MAIL FROM:<a@example.com> ENVID=${'x'.repeat(101)}`, '501 5.5.4 Syntax: ENVID=id'],
    ['MAIL FROM:<a@example.com> NOTIFY=NEVER', '555 5.5.4 Unsupported parameter'],
    [`MAIL FROM:<a@example.com> ret=full ENVID=${'x'.repeat(99)}y`, '250 2.1.0 ok'],
    ['RCPT TO:<b@example.com> NOTIFY=NEVER,DELAY', '501 5.5.4 Syntax: NOTIFY=NEVER|SUCCESS,FAILURE,DELAY'],
    ['RCPT TO:<b@example.com> NOTIFY', '501 5.5.4 Syntax: NOTIFY=NEVER|SUCCESS,FAILURE,DELAY'],
    ['RCPT TO:<b@example.com> ORCPT=b@example.com', '501 5.5.4 Syntax: ORCPT=type;address'],
    ['RCPT TO:<b@example.com> ORCPT=rfc822;b+0A@example.com', '501 5.5.4 Syntax: ORCPT=type;address'],
    [`RCPT TO:<b@example.com> ORCPT=rfc822;${'x'.repeat(494)}`, '501 5.5.4 Syntax: ORCPT=type;address'],
    ['RCPT TO:<b@example.com> RET=FULL', '555 5.5.4 Unsupported parameter'],
    ['RCPT TO:<b@example.com> NOTIFY=success,Delay ORCPT=RFC822;B+2Bx@example.com', '250 2.1.5 ok'],
    ['RCPT TO:<c@example.com> NOTIFY=never', '250 2.1.5 ok'],
    ['RCPT TO:<d@example.com>', '250 2.1.5 ok'],
  ] as const) {
    expect([line, await client.say(line)]).toEqual([line, reply]);
  }
  await client.say('DATA');
  client.send('A: b\r\n\r\n.\r\n');
  await client.replies(3);
  expect(delivery.said).toEqual([
    { notify: ['SUCCESS', 'DELAY'], orcpt: 'rfc822;B+x@example.com' },
    { notify: ['NEVER'] },
    {},
    { ret: 'FULL', envid: `${'x'.repeat(99)}y` },
  ]);
  client.socket.destroy();
});

test('an address in UTF-8 is an original recipient, too (RFC 6533 §3)', async () => {
  const delivery = new Reporting();
  const listener = await openLmtp(delivery, { takesReports: true });
  onTestFinished(() => listener.drain());
  const client = await LmtpClient.connect(listener);
  await client.reply();
  await client.say('LHLO client');
  await client.say('MAIL FROM:<a@example.com> SMTPUTF8');
  for (const orcpt of [
    'utf-8;bücher+2Bx@example.com',
    'utf-8;b\\x{FC}cher@example.com',
    'rfc822;b+C3+BCcher@example.com',
  ]) {
    expect(await client.say(`RCPT TO:<bücher@example.com> ORCPT=${orcpt}`)).toBe('250 2.1.5 ok');
  }
  expect(delivery.said.map((said) => said !== undefined && 'orcpt' in said && said.orcpt)).toEqual([
    'utf-8;bücher+x@example.com',
    'utf-8;b\\x{FC}cher@example.com',
    'rfc822;bücher@example.com',
  ]);
  client.socket.destroy();
});

test('without a relay it is not offered, and nothing is taken', async () => {
  const listener = await openLmtp(new CollectingDelivery());
  onTestFinished(() => listener.drain());
  const client = await LmtpClient.connect(listener);
  await client.reply();
  expect(await client.say('LHLO client')).not.toContain('DSN');
  for (const parameter of ['RET=HDRS', 'ENVID=x']) {
    expect(await client.say(`MAIL FROM:<a@example.com> ${parameter}`)).toBe('555 5.5.4 Unsupported parameter');
  }
  client.socket.destroy();
});
