import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../../lib/base/ids.ts';
import { StoreDelivery } from '../../lib/delivery/deliver.ts';
import {
  appendedOrigin,
  decodeSpaces,
  deliveredOrigin,
  readOrigin,
  sharedOrigin,
} from '../../lib/store/blob-origin.ts';
import { holdersBlobKey, messageBlobKey, SHARED_MESSAGES } from '../../lib/store/keys.ts';
import { storeMessage } from '../../lib/store/messages.ts';
import { checkBlobMetadata } from '../../lib/store/port-limits.ts';
import { addUser } from '../../lib/store/users.ts';
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
});
