import { expect, test } from 'vitest';
import { StoreDelivery } from '../../lib/delivery/deliver.ts';
import { Account } from '../../lib/store/account.ts';
import { Directory } from '../../lib/store/directory.ts';
import { INBOX } from '../../lib/store/tree-view.ts';
import { addUser } from '../../lib/store/users.ts';
import { Costs, countingBlobs } from '../support/counting-index.ts';
import { openTestStore } from '../support/test-store.ts';
import { CollectingDelivery, LmtpClient, openLmtp } from './support.ts';

test('the example of RFC 2033 §4.2: one reply per accepted recipient', async () => {
  const delivery = new CollectingDelivery();
  const listener = await openLmtp(delivery, { servername: 'foo.edu' });
  const client = await LmtpClient.connect(listener);
  await client.play(`
    S: 220 foo.edu LMTP Cirrus ready
    C: LHLO foo.edu
    S: 250-foo.edu
    S: 250-8BITMIME
    S: 250-CHUNKING
    S: 250-ENHANCEDSTATUSCODES
    S: 250-IGNOREQUOTA
    S: 250-PIPELINING
    S: 250-SIZE
    S: 250 SMTPUTF8
    C: MAIL FROM:<chris@bar.com>
    S: 250 2.1.0 ok
    C: RCPT TO:<pat@foo.edu>
    S: 250 2.1.5 ok
    C: RCPT TO:<unknown@foo.edu>
    S: 550-Mailbox unknown.  Either there is no mailbox associated with this
    S: 550-name or you do not have authorization to see it.
    S: 550 5.1.1 User unknown
    C: RCPT TO:<late-full@foo.edu>
    S: 250 2.1.5 ok
    C: DATA
    S: 354 go ahead
    C: Blah blah blah...
    C: ...etc. etc. etc.
    C: .
    S: 250 2.1.5 Ok
    S: 452 4.2.2 Over quota
    C: RSET
    S: 250 2.0.0 ok
    C: MAIL FROM:<chris@bar.com>
    S: 250 2.1.0 ok
    C: RCPT TO:<full@foo.edu>
    S: 452 4.2.2 Over quota
    C: DATA
    S: 503 5.5.1 No recipients
    C: RSET
    S: 250 2.0.0 ok
    C: MAIL FROM:<chris@bar.com> IGNOREQUOTA
    S: 250 2.1.0 ok
    C: RCPT TO:<full@foo.edu>
    S: 250 2.1.5 ok
    C: QUIT
    S: 221 2.0.0 bye
    S: END
  `);
  expect(delivery.mails.map(({ recipients, body }) => [recipients, body])).toEqual([
    [['pat@foo.edu', 'late-full@foo.edu'], 'Blah blah blah...\r\n...etc. etc. etc.\r\n'.replace('\r\n...', '\r\n..')],
  ]);
  await listener.drain();
});

const RECIPIENTS = 300;

test('300 recipients of one transaction: stored once, in every INBOX', async () => {
  const costs = new Costs();
  const keys: string[] = [];
  const home = await openTestStore({
    wrapBlobs: (blobs) => {
      const counting = countingBlobs(blobs, costs);
      const put: typeof counting.put = (key, body, metadata) => {
        keys.push(key);
        return counting.put(key, body, metadata);
      };
      return { ...counting, put };
    },
  });
  const names = Array.from({ length: RECIPIENTS }, (_, i) => `u${i}`);
  for (const name of names) await addUser(home.store, { name, verifier: undefined });
  const listener = await openLmtp(new StoreDelivery(home.store));
  try {
    const client = await LmtpClient.connect(listener);
    await client.reply();
    const rcpts = names.map((name) => `RCPT TO:<${name}@example.com>\r\n`).join('');
    costs.reset();
    keys.length = 0;
    client.send(`LHLO mta\r\nMAIL FROM:<a@example.com>\r\n${rcpts}DATA\r\n`);
    const replies = await client.replies(2 + RECIPIENTS + 1);
    expect(new Set(replies.slice(2, -1))).toEqual(new Set(['250 2.1.5 ok']));
    client.send('Subject: to all\r\n\r\nhello\r\n.\r\n');
    expect(new Set(await client.replies(RECIPIENTS))).toEqual(new Set(['250 2.1.5 Ok']));
    // The message, and who holds it: more accounts than the blob's own metadata has room for.
    expect(keys.map((key) => key.replace(/\/.*/, '')).sort()).toEqual(['h', 's']);
    expect(costs.blobGets).toBe(0);
    client.socket.destroy();
    const directory = new Directory(home.store.ports.index);
    for (const name of names) {
      const user = await directory.find(name);
      if (user === undefined) throw new Error(name);
      const { mailbox } = await new Account(home.store, user).open(INBOX);
      expect([name, (await mailbox.refresh()).view.allUids().size]).toEqual([name, 1]);
    }
  } finally {
    await listener.drain();
    await home.close();
  }
});
