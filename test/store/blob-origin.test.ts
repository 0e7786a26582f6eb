import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../../lib/base/ids.ts';
import { StoreDelivery } from '../../lib/delivery/deliver.ts';
import { Account } from '../../lib/store/account.ts';
import { setAcl } from '../../lib/store/acl.ts';
import {
  appendedOrigin,
  decodeSpaces,
  deliveredOrigin,
  readOrigin,
  sharedOrigin,
} from '../../lib/store/blob-origin.ts';
import { holdersBlobKey, messageBlobKey, pieceBlobKey, SHARED_MESSAGES } from '../../lib/store/keys.ts';
import { storeMessage } from '../../lib/store/messages.ts';
import { createMailbox } from '../../lib/store/names.ts';
import { checkBlobMetadata } from '../../lib/store/port-limits.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { annotateRecord } from '../../lib/store/tree-records.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { addUser } from '../../lib/store/users.ts';
import { appendBare } from '../support/many-messages.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';

describe('the metadata of a message (Rule 21)', () => {
  test('fits whatever it is given', () => {
    const long = 'ü@bücher.example,'.repeat(500);
    const spaces = Array.from({ length: 2000 }, () => newId(1));
    const delivered = { ...deliveredOrigin(long, [long, long]), ...sharedOrigin(spaces) };
    expect(() => checkBlobMetadata(delivered)).not.toThrow();
    expect(delivered.recipients).not.toContain('\ufffd');
    const flags = Array.from({ length: 100 }, (_, i) => `$Keyword${i}`);
    const appended = appendedOrigin({ owner: long, name: long, mailbox: newId(1), internalDate: 1, flags });
    expect(() => checkBlobMetadata(appended)).not.toThrow();
    expect(readOrigin(appended).flags.slice(0, 2)).toEqual(['$Keyword0', '$Keyword1']);
  });

  test('is read as it was meant', () => {
    const [mailbox, a, b] = [newId(1), newId(2), newId(3)];
    const appended = appendedOrigin({
      owner: 'anna',
      name: 'Sent',
      mailbox,
      internalDate: 77,
      flags: ['\\Seen', '$X'],
    });
    expect(readOrigin(appended)).toMatchObject({ mailbox, internalDate: 77, flags: ['\\Seen', '$X'], spaces: [] });
    expect(readOrigin({ ...deliveredOrigin('', ['anna']), ...sharedOrigin([a, b]) })).toEqual({
      spaces: [a, b],
      hasMoreSpaces: false,
      mailbox: undefined,
      internalDate: undefined,
      flags: [],
    });
  });
});

describe('objects', () => {
  let home: TestStore;
  beforeEach(async () => {
    home = await openTestStore();
  });
  afterEach(() => home.close());

  async function* body() {
    yield Buffer.from('Subject: hello\r\n\r\nHello\r\n');
  }

  test('of a delivery to two name both spaces, and addresses in any script are no obstacle', async () => {
    const anna = await addUser(home.store, { name: 'anna', verifier: undefined });
    const bert = await addUser(home.store, { name: 'bert', verifier: undefined });
    const delivery = new StoreDelivery(home.store);
    const recipients = [await delivery.recipient('anna'), await delivery.recipient('bert')].flatMap((one) =>
      one.ok ? [one] : [],
    );
    const sender = `${'ü'.repeat(700)}@example.com`;
    const outcomes = await delivery.deliver({ sender, recipients, trace: '', body: body() });
    expect(outcomes).toEqual([{ ok: true }, { ok: true }]);
    const { blobs } = await home.blobs.list(SHARED_MESSAGES);
    const info = await home.blobs.info(blobs[0]?.key ?? '');
    expect(readOrigin(info?.metadata ?? {}).spaces).toEqual([anna.space, bert.space]);
    expect(info?.metadata.recipients).toBe('anna,bert');
  });

  test('held by more spaces than fit have a list beside them', async () => {
    const spaces = Array.from({ length: 50 }, () => home.store.newId());
    const { blob } = await storeMessage(home.store.context, spaces, Buffer.from('Subject: x\r\n\r\n'));
    const info = await home.blobs.info(messageBlobKey(blob, blob));
    expect(readOrigin(info?.metadata ?? {})).toMatchObject({ hasMoreSpaces: true, spaces: spaces.slice(0, 32) });
    const list = await home.blobs.get(holdersBlobKey(blob));
    expect(decodeSpaces(list ?? Buffer.alloc(0))).toEqual(spaces);
  });

  test('of a large manifest say which mailbox it is, with its name, numbers, rights and annotations', async () => {
    const anna = await addUser(home.store, { name: 'anna', verifier: undefined });
    const account = new Account(home.store, anna);
    await createMailbox(account, 'Große Liste');
    await setAcl(account, 'Große Liste', 'bert', 'lr');
    await account.tree.commit(() => {
      return { record: annotateRecord('Große Liste', '/shared/comment', 'long'), reply: undefined };
    });
    const open = await account.open('Große Liste');
    await appendBare(home, open, 3000);
    const keywords = Array.from({ length: 100 }, (_, i) => `${'k'.repeat(150)}${i}`);
    await setFlags(open, { operation: 'add', flags: keywords, uids: UidSet.of(1) });
    await open.mailbox.compact();
    const { head } = await open.mailbox.refresh();
    expect(head.snapIsObject).toBe(true);
    const info = await home.blobs.info(pieceBlobKey(open.mailbox.id, head.snapId ?? open.mailbox.id));
    expect(info?.metadata).toMatchObject({
      mailbox: open.mailbox.id,
      tree: anna.tree,
      name: 'Große Liste',
      'uid-next': '3001',
      'uid-validity': String(open.uidValidity),
      acl: expect.stringContaining('bert=lr'),
      annotations: '/shared/comment=long',
    });
    expect(info?.metadata.keywords?.length).toBe(300);
  });
});
