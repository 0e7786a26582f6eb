import { afterEach, beforeEach, expect, test } from 'vitest';
import { StoreDelivery } from '../../lib/delivery/deliver.ts';
import type { Recipient, StoredMail, Transaction } from '../../lib/delivery/ports.ts';
import { type DeliverRequest, RemoteDelivery, remoteLimits } from '../../lib/delivery/remote.ts';
import { Account } from '../../lib/store/account.ts';
import { setAcl } from '../../lib/store/acl.ts';
import { Directory } from '../../lib/store/directory.ts';
import { putScript, setActiveScript } from '../../lib/store/scripts.ts';
import { addUser, removeUser } from '../../lib/store/users.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';

let home: TestStore;
beforeEach(async () => {
  home = await openTestStore();
  for (const name of ['anna', 'bert']) await addUser(home.store, { name, verifier: undefined });
});
afterEach(() => home.close());

async function accountOf(name: string): Promise<Account> {
  const user = await new Directory(home.index).find(name);
  if (user === undefined) throw new Error(`no ${name}`);
  return new Account(home.another(), user);
}

async function count(name: string, mailbox = 'INBOX'): Promise<number> {
  return (await (await (await accountOf(name)).open(mailbox)).mailbox.refresh()).view.exists;
}

/** A transaction to users as LMTP makes one. */
async function transaction(delivery: StoreDelivery | RemoteDelivery, id: string, ...users: string[]) {
  const recipients: Recipient[] = [];
  for (const user of users) {
    const answer = await delivery.recipient(user);
    if (!answer.ok) throw new Error(answer.text);
    recipients.push(answer);
  }
  const client = { name: 'mx.example.org', address: '2001:db8::1' };
  const text = `Received: by mta; x\r\nMessage-ID: <${id}>\r\nSubject: ${id}\r\n\r\n${id}\r\n`;
  const given: Transaction = {
    sender: 's@example.org',
    recipients,
    trace: 'Return-Path: <s@example.org>\r\n',
    client,
    body: (async function* () {
      yield Buffer.from(text);
    })(),
  };
  return given;
}

async function storeFor(id: string, ...users: string[]): Promise<StoredMail> {
  const delivery = new StoreDelivery(home.store);
  const stored = await delivery.store(await transaction(delivery, id, ...users));
  if ('ok' in stored) throw new Error(stored.text);
  // As it arrives in another process.
  return JSON.parse(JSON.stringify(stored)) as StoredMail;
}

test('what one process has stored another delivers, once however often it is asked (Rule 13)', async () => {
  const mail = await storeFor('m', 'anna', 'bert');
  expect(await count('anna')).toBe(0);
  const there = new StoreDelivery(home.another());
  expect(await there.deliverStored(mail)).toEqual([{ ok: true }, { ok: true }]);
  expect(await new StoreDelivery(home.another()).deliverStored(mail)).toEqual([{ ok: true }, { ok: true }]);
  const delivery = new StoreDelivery(home.another());
  expect(await delivery.deliver(await transaction(delivery, 'm', 'anna'))).toEqual([{ ok: true }]);
  expect([await count('anna'), await count('bert')]).toEqual([1, 1]);
});

test('scripts of the recipients see the stored message, header and body, and who has handed it in', async () => {
  const script = `require ["fileinto", "body", "environment"];
    if allof(header :is "subject" "go", body :contains "go", environment "remote-host" "mx.example.org",
             environment "remote-ip" "IPv6:2001:db8::1") { fileinto "Archive"; }`;
  await putScript(await accountOf('anna'), 's', Buffer.from(script), { scripts: 5, scriptBytes: 32_768 });
  await setActiveScript(await accountOf('anna'), 's');
  const there = new StoreDelivery(home.another());
  expect(await there.deliverStored(await storeFor('go', 'anna'))).toEqual([{ ok: true }]);
  expect(await there.deliverStored(await storeFor('stay', 'anna'))).toEqual([{ ok: true }]);
  expect([await count('anna', 'Archive'), await count('anna')]).toEqual([1, 1]);
});

test('who has logged in to deliver may post where the ACL says so, in the other process too (RFC 4314 p)', async () => {
  await setAcl(await accountOf('anna'), 'Archive', 'postfix', 'p');
  const delivery = new StoreDelivery(home.store);
  const stored = async (id: string, poster?: string) => {
    const recipient = await delivery.recipient('anna+Archive', undefined, { poster });
    if (!recipient.ok) throw new Error(recipient.text);
    const mail = await delivery.store({ ...(await transaction(delivery, id)), recipients: [recipient] });
    if ('ok' in mail) throw new Error(mail.text);
    return JSON.parse(JSON.stringify(mail)) as StoredMail;
  };
  const there = new StoreDelivery(home.another());
  expect(await there.deliverStored(await stored('one', 'postfix'))).toEqual([{ ok: true }]);
  expect(await there.deliverStored(await stored('two'))).toEqual([{ ok: true }]);
  expect([await count('anna', 'Archive'), await count('anna')]).toEqual([1, 1]);
});

test('a user who was removed and made again gets nothing that was stored for the old one (Rule 12)', async () => {
  const mail = await storeFor('m', 'anna', 'bert');
  await removeUser(home.store, 'anna');
  await removeUser(home.store, 'bert');
  await addUser(home.store, { name: 'anna', verifier: undefined });
  const outcomes = await new StoreDelivery(home.another()).deliverStored(mail);
  expect(outcomes).toMatchObject([
    { ok: false, code: 'unavailable' },
    { ok: false, code: 'unknown-user' },
  ]);
  expect(await count('anna')).toBe(0);
});

test('the identity of a message stands for its bytes when it is tried again (Rule 13)', async () => {
  const delivery = new StoreDelivery(home.store, { suppressDuplicates: false });
  const send = async (text: string, identity: string) => {
    const given = { ...(await transaction(delivery, text, 'anna')), identity };
    expect(await delivery.deliver(given)).toEqual([{ ok: true }]);
  };
  await send('one', 'ses1');
  await send('other bytes', 'ses1');
  expect(await count('anna')).toBe(1);
  await send('one', 'ses2');
  expect(await count('anna')).toBe(2);
});

test('messages go to the function in batches within the limits; its failure is a temporary one', async () => {
  const requests: DeliverRequest[] = [];
  const errors: unknown[] = [];
  const there = new StoreDelivery(home.another());
  let isWell = true;
  const remote = new RemoteDelivery(new StoreDelivery(home.store), {
    invoke: async (request) => {
      requests.push(request);
      if (!isWell) throw new Error('no function');
      return { delivered: await Promise.all(request.mails.map((mail) => there.deliverStored(mail))), hints: [] };
    },
    onHints: () => undefined,
    onError: (error) => errors.push(error),
  });
  const ids = Array.from({ length: remoteLimits.mails + 20 }, (_, i) => `m${i}`);
  const given = await Promise.all(ids.map((id) => transaction(remote, id, 'anna')));
  const answers = await Promise.all(given.map((one) => remote.deliver(one)));
  expect(answers.flat()).toEqual(ids.map(() => ({ ok: true })));
  expect(requests.length).toBeLessThan(ids.length);
  expect(Math.max(...requests.map(({ mails }) => mails.length))).toBeLessThanOrEqual(remoteLimits.mails);
  expect(await count('anna')).toBe(ids.length);
  isWell = false;
  expect(await remote.deliver(await transaction(remote, 'later', 'anna', 'bert'))).toMatchObject([
    { ok: false, code: 'unavailable' },
    { ok: false, code: 'unavailable' },
  ]);
  expect(errors).toHaveLength(1);
  isWell = true;
  expect(await remote.deliver(await transaction(remote, 'later', 'anna', 'bert'))).toEqual([
    { ok: true },
    { ok: true },
  ]);
  expect([await count('anna'), await count('bert')]).toEqual([ids.length + 1, 1]);
});
