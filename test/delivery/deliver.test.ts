import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Id } from '../../lib/base/ids.ts';
import { idIsShared } from '../../lib/base/ids.ts';
import { type DeliveryFact, StoreDelivery } from '../../lib/delivery/deliver.ts';
import type { Delivered, Delivery } from '../../lib/delivery/ports.ts';
import { Account } from '../../lib/store/account.ts';
import { setAcl } from '../../lib/store/acl.ts';
import { changeSpace } from '../../lib/store/change-space.ts';
import { type Crossing, putCrossing } from '../../lib/store/crossing.ts';
import { closeMailbox } from '../../lib/store/delete-mailbox.ts';
import { Directory } from '../../lib/store/directory.ts';
import { CHECKPOINTS, SHARED_MESSAGES } from '../../lib/store/keys.ts';
import type { MailStore } from '../../lib/store/mail-store.ts';
import { messageBytes } from '../../lib/store/messages.ts';
import { createMailbox, renameMailbox } from '../../lib/store/names.ts';
import { addUser } from '../../lib/store/users.ts';
import { type Fault, FaultPlan } from '../support/fault-plan.ts';
import { faultyBlobs } from '../support/faulty-blobs.ts';
import { faultyIndex } from '../support/faulty-index.ts';
import { chosenHome } from '../support/home.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';

const TRACE = 'Return-Path: <b@example.com>\r\nReceived: from mta by here; now\r\n';

async function* chunks(text: string): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < text.length; at += 7) yield Buffer.from(text.slice(at, at + 7));
}

function mail(id: string, body = 'Hello\r\n', received = true): string {
  const stamp = received ? 'Received: from origin by mta; then\r\n' : '';
  return `${stamp}From: b@example.com\r\nMessage-ID: <${id}@example.com>\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\n\r\n${body}`;
}

async function send(delivery: Delivery, to: readonly string[], text: string): Promise<readonly Delivered[]> {
  const recipients = [];
  for (const address of to) {
    const recipient = await delivery.recipient(address);
    if (!recipient.ok) return [recipient];
    recipients.push(recipient);
  }
  return delivery.deliver({ sender: 'b@example.com', recipients, trace: TRACE, body: chunks(text) });
}

async function texts(store: MailStore, userName: string, mailbox = 'INBOX'): Promise<string[]> {
  const account = await accountOf(store, userName);
  const open = await account.open(mailbox);
  const { view } = await open.mailbox.refresh();
  const rows = await open.mailbox.cold(view, view.allUids());
  const read = [...rows.values()].map(({ blob }: { blob: Id }) =>
    messageBytes(store.context, account.user.space, blob),
  );
  return (await Promise.all(read)).map((bytes) => bytes.toString());
}

describe('delivery', () => {
  let home: TestStore;
  let delivery: StoreDelivery;

  beforeEach(async () => {
    home = await openTestStore();
    delivery = new StoreDelivery(home.store);
    for (const name of ['anna', 'bert', 'carla']) await addUser(home.store, { name, verifier: undefined });
  });
  afterEach(() => home.close());

  it('puts the trace in front of the bytes and keeps the rest as it came', async () => {
    expect(await send(delivery, ['anna@example.com'], mail('1'))).toEqual([{ ok: true }]);
    expect(await texts(home.store, 'anna')).toEqual([TRACE + mail('1')]);
  });

  it('tells of every recipient where its message is, by Message-ID', async () => {
    const facts: DeliveryFact[] = [];
    delivery = new StoreDelivery(home.store, { onDelivered: (fact) => facts.push(fact) });
    await send(delivery, ['anna+Sent', 'bert@example.com'], mail('1'));
    await send(delivery, ['bert'], mail('1', 'a copy with the same Message-ID\r\n'));
    const messageId = '<1@example.com>';
    // Recipients of one message are served side by side.
    expect(facts.toSorted((a, b) => (a.recipient < b.recipient ? -1 : 1))).toEqual([
      { recipient: 'anna+Sent', user: 'anna', mailbox: 'INBOX', messageId, outcome: 'delivered' },
      { recipient: 'bert', user: 'bert', mailbox: 'INBOX', messageId, outcome: 'before' },
      { recipient: 'bert@example.com', user: 'bert', mailbox: 'INBOX', messageId, outcome: 'delivered' },
    ]);
  });

  it('stores a message to several accounts once, held by each of them (Rule 12)', async () => {
    expect(await send(delivery, ['anna', 'bert', 'carla'], mail('1'))).toEqual(Array(3).fill({ ok: true }));
    const { blobs } = await home.blobs.list(SHARED_MESSAGES);
    expect(blobs).toHaveLength(1);
    const id = blobs[0]?.key.split('/').at(-1) as Id;
    expect(idIsShared(id)).toBe(true);
    const holders = await home.index.query({ pk: Buffer.concat([Buffer.from('B#'), Buffer.from(id, 'hex')]) });
    expect(holders.rows).toHaveLength(3);
    for (const name of ['anna', 'bert', 'carla']) expect(await texts(home.store, name)).toHaveLength(1);
  });

  it('gives mail for anna@example.com to that user, although anna has had mail a moment ago', async () => {
    await addUser(home.store, { name: 'anna@example.com', verifier: undefined });
    await send(delivery, ['anna'], mail('1'));
    await send(delivery, ['anna@example.com'], mail('2'));
    expect(await texts(home.store, 'anna@example.com')).toEqual([TRACE + mail('2')]);
    expect(await texts(home.store, 'anna')).toEqual([TRACE + mail('1')]);
  });

  it('answers a recipient named twice twice, and delivers once (Rule 13)', async () => {
    expect(await send(delivery, ['anna', 'anna'], mail('1'))).toEqual([{ ok: true }, { ok: true }]);
    expect(await texts(home.store, 'anna')).toHaveLength(1);
  });

  it('knows nobody by a name that no user can have, and everybody however it is composed', async () => {
    await addUser(home.store, { name: 'j\u00fcrgen', verifier: undefined });
    expect(await delivery.recipient('ju\u0308rgen')).toMatchObject({ ok: true });
    for (const address of [`${'a'.repeat(600)}@example.com`, `anna@${'a'.repeat(600)}`, 'anna@-']) {
      expect(await delivery.recipient(address)).toMatchObject({ ok: false, code: 'unknown-user' });
    }
  });

  it('suppresses another copy of the message within the time, and not after it (Rule 13)', async () => {
    await send(delivery, ['anna'], mail('1'));
    await send(delivery, ['anna'], mail('1', 'through a list\r\n'));
    expect(await texts(home.store, 'anna')).toHaveLength(1);
    home.clock.advance(3 * 86_400_000 + 60_000);
    await send(delivery, ['anna'], mail('1', 'much later\r\n'));
    await send(delivery, ['anna'], mail('1', 'much later\r\n'));
    expect(await texts(home.store, 'anna')).toHaveLength(2);
  });

  it('without suppression tells a retry from a second message by the bytes (Rule 13)', async () => {
    const plain = new StoreDelivery(home.store, { suppressDuplicates: false });
    await send(plain, ['anna'], mail('1'));
    await send(plain, ['anna'], mail('1'));
    await send(plain, ['anna'], mail('1', 'other\r\n'));
    expect(await texts(home.store, 'anna')).toHaveLength(2);
    await send(plain, ['bert'], mail('2', 'same', false));
    await send(plain, ['bert'], mail('2', 'same', false));
    expect(await texts(home.store, 'bert')).toHaveLength(2);
  });

  it('knows a retry by its nonce when the log before it was compacted away (Rule 13)', async () => {
    await send(delivery, ['anna'], mail('1'));
    for (let day = 0; day < 12; day++) {
      await send(delivery, ['anna'], mail(`day${day}`));
      home.clock.advance(86_400_000);
      const fresh = home.another();
      const open = await opened(fresh, 'anna');
      await open.mailbox.compact();
    }
    await send(new StoreDelivery(home.another(), { suppressMs: 30 * 86_400_000 }), ['anna'], mail('1'));
    expect((await texts(home.store, 'anna')).filter((text) => text.includes('<1@'))).toHaveLength(1);
  });

  it('refuses whom it does not know, and who is at the limit; the message that crosses it is taken (Rule 19)', async () => {
    expect(await delivery.recipient('nobody@example.com')).toMatchObject({ ok: false, code: 'unknown-user' });
    expect(await delivery.recipient('')).toMatchObject({ ok: false, code: 'bad-address' });
    await addUser(home.store, { name: 'small', verifier: undefined, quotaKib: 1 });
    expect(await send(delivery, ['small'], mail('1', 'x'.repeat(5000)))).toEqual([{ ok: true }]);
    expect(await delivery.recipient('small')).toMatchObject({ ok: false, code: 'over-quota' });
    await home.store.quota.flush();
    const other = new StoreDelivery(home.another());
    expect(await other.recipient('small')).toMatchObject({ ok: false, code: 'over-quota' });
  });

  it('puts plus-addressed mail where anyone may post, else into INBOX', async () => {
    const anna = await accountOf(home.store, 'anna');
    await createMailbox(anna, 'Lists');
    await send(delivery, ['anna+Lists'], mail('1'));
    await setAcl(anna, 'Lists', 'anyone', 'p');
    await send(delivery, ['anna+Lists'], mail('2'));
    expect(await texts(home.store, 'anna')).toHaveLength(1);
    expect(await texts(home.store, 'anna', 'Lists')).toHaveLength(1);
  });

  it('follows an INBOX that was renamed between RCPT and DATA (Rule 5)', async () => {
    const recipient = await delivery.recipient('anna');
    const anna = await accountOf(home.store, 'anna');
    await renameMailbox(anna, 'INBOX', 'Old');
    await closeMailbox(home.store, (await anna.open('Old')).mailbox.id);
    if (!recipient.ok) throw new Error('refused');
    const answers = await delivery.deliver({
      sender: 'b@example.com',
      recipients: [recipient],
      trace: TRACE,
      body: chunks(mail('1')),
    });
    expect(answers).toEqual([{ ok: true }]);
    expect(await texts(home.store, 'anna')).toHaveLength(1);
  });

  it('says try again while the mailbox moves into another account, and then delivers once (Rules 12, 13)', async () => {
    const [anna, bert] = [await accountOf(home.store, 'anna'), await accountOf(home.store, 'bert')];
    await createMailbox(anna, 'Lists');
    await setAcl(anna, 'Lists', 'anyone', 'p');
    const { mailbox } = await anna.open('Lists');
    const crossing: Crossing = {
      source: mailbox.id,
      destination: home.store.newId(),
      from: anna.user,
      to: { ...bert.user, path: 'Lists' },
      acl: new Map(),
      begunMs: home.clock.now(),
    };
    await putCrossing(home.store.ports.index, crossing);
    await mailbox.editHead(() => ({ state: 'moving', movesTo: crossing.destination }));
    for (let i = 0; i < 2; i++) {
      expect(await send(delivery, ['anna+Lists'], mail('1'))).toMatchObject([{ ok: false, code: 'unavailable' }]);
    }
    await changeSpace(home.store, crossing);
    for (let i = 0; i < 2; i++) expect(await send(delivery, ['anna+Lists'], mail('1'))).toEqual([{ ok: true }]);
    expect(await texts(home.store, 'anna')).toHaveLength(1);
    expect(await texts(home.store, 'bert', 'Lists')).toEqual([]);
  });

  it('delivers nothing when the body breaks off, which is no error of ours', async () => {
    const errors: unknown[] = [];
    const delivery = new StoreDelivery(home.another(), { onError: (_what, error) => errors.push(error) });
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(mail('1'));
      throw new Error('connection lost');
    }
    const recipient = await delivery.recipient('anna');
    if (!recipient.ok) throw new Error('refused');
    const answers = await delivery.deliver({ sender: '', recipients: [recipient], trace: TRACE, body: broken() });
    expect(answers).toMatchObject([{ ok: false, code: 'unavailable' }]);
    expect(await texts(home.store, 'anna')).toEqual([]);
    // The accounts were checkpointed at their birth; there is no message.
    const { blobs } = await home.blobs.list('');
    expect(blobs.filter(({ key }) => !key.startsWith(CHECKPOINTS))).toEqual([]);
    expect(errors).toEqual([]);
  });
});

async function accountOf(store: MailStore, name: string): Promise<Account> {
  const user = await new Directory(store.ports.index).find(name);
  if (user === undefined) throw new Error(`no user ${name}`);
  return new Account(store, user);
}

async function opened(store: MailStore, name: string) {
  return (await accountOf(store, name)).open('INBOX');
}

describe('exactly once, whatever fails and is retried (Rule 13)', () => {
  const kinds: readonly Fault[] = ['fail', 'lost', 'late', 'twice'];
  // A fault lasts for eight calls, so no call is left out; to make a home on AWS takes long.
  const stride = Number(process.env.CIRRUS_TEST_STRIDE ?? (chosenHome === 'aws' ? 4 : 1));
  const begin = 1 + Math.floor(Math.random() * stride);

  for (const kind of kinds) {
    it(`every call of a delivery, and several in a row: ${typeof kind === 'string' ? kind : 'pause'}`, async () => {
      for (let first = begin; ; first += stride) {
        let from = Number.POSITIVE_INFINITY;
        const plan = new FaultPlan(({ number }) => (number >= from && number < from + 8 ? kind : undefined));
        const home = await openTestStore({
          wrapIndex: (index) => faultyIndex(index, plan),
          wrapBlobs: (blobs) => faultyBlobs(blobs, plan),
        });
        try {
          for (const name of ['anna', 'bert']) await addUser(home.store, { name, verifier: undefined });
          const before = plan.calls.length;
          from = before + first;
          // What an MTA does: the same message again until every recipient is answered 250; each time by another gateway.
          const pending = new Set(['anna', 'bert']);
          for (let attempt = 0; pending.size > 0; attempt++) {
            if (attempt === 30) throw new Error('never delivered');
            const gateway = new StoreDelivery(home.another({ random: () => 0.01 }));
            const to = [...pending];
            const answers = await send(gateway, to, mail('1'));
            to.forEach((name, i) => {
              if (answers.length === to.length && answers[i]?.ok) pending.delete(name);
            });
          }
          await plan.landed();
          from = Number.POSITIVE_INFINITY;
          const fresh = home.another();
          expect([first, await texts(fresh, 'anna')]).toEqual([first, [TRACE + mail('1')]]);
          expect([first, await texts(fresh, 'bert')]).toEqual([first, [TRACE + mail('1')]]);
          if (plan.calls.length < before + first + 8) return;
        } finally {
          await home.close();
        }
        if (first > 24) return;
      }
    });
  }

  it('several gateways with the same message at once', async () => {
    const home = await openTestStore();
    try {
      await addUser(home.store, { name: 'anna', verifier: undefined });
      for (let round = 0; round < 10; round++) {
        const gateways = Array.from({ length: 6 }, () => new StoreDelivery(home.another()));
        const answers = await Promise.all(gateways.map((gateway) => send(gateway, ['anna'], mail(`${round}`))));
        expect(answers.flat().every(({ ok }) => ok)).toBe(true);
      }
      expect(await texts(home.store, 'anna')).toHaveLength(10);
    } finally {
      await home.close();
    }
  });
});
