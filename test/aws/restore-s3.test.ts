import {
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { S3Blobs, s3Client } from '../../lib/aws/blobs-s3.ts';
import { Account } from '../../lib/store/account.ts';
import { append, type NamedMessage } from '../../lib/store/append.ts';
import { Directory } from '../../lib/store/directory.ts';
import { MESSAGES, messageBlobKey, PIECES } from '../../lib/store/keys.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import { storeMessage } from '../../lib/store/messages.ts';
import type { Index, Item, Key } from '../../lib/store/ports.ts';
import { restore } from '../../lib/store/restore.ts';
import { addUser } from '../../lib/store/users.ts';
import { openTestHome } from '../support/home.ts';
import { describeWithS3, openTestS3 } from '../support/s3.ts';

/** Keeps old versions in a bucket until the end of the test, which has to remove them. */
async function versioned(client: S3Client, bucket: string): Promise<AsyncDisposable> {
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
  return {
    async [Symbol.asyncDispose]() {
      const { DeleteMarkers = [], Versions = [] } = await client.send(
        new ListObjectVersionsCommand({ Bucket: bucket }),
      );
      const Objects = [...DeleteMarkers, ...Versions].map(({ Key = '', VersionId = '' }) => ({ Key, VersionId }));
      await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }));
      client.destroy();
    },
  };
}

async function rowsOf(index: Index): Promise<(Key & { item: Item })[]> {
  const rows: (Key & { item: Item })[] = [];
  let after: Key | undefined;
  do {
    const page = await index.scan(after);
    rows.push(...page.rows);
    after = page.next;
  } while (after !== undefined);
  return rows;
}

describeWithS3('what a bucket with versions still has (Rule 21)', () => {
  test('comes back with its bytes and metadata, if it was there at the time; what is there is left', async () => {
    await using s3 = await openTestS3();
    await using _versions = await versioned(s3Client(s3.options), s3.options.bucket);
    const { blobs } = s3;
    const keys = ['m/a/1', 'm/a/2', 'm/b/1', 'p/a/1'];
    for (const key of keys) await blobs.put(key, Buffer.from(`bytes of ${key}`), { to: 'anna', name: 'Grüße' });
    const pointMs = Date.now();
    await blobs.deleteMany(['m/a/1', 'm/b/1', 'p/a/1']);
    const beforeAll = Date.now() - 3_600_000;
    expect(await blobs.bringBack('m/', beforeAll)).toBe(0);
    const longAfter = Date.now() + 3_600_000;
    expect(await blobs.bringBack('m/', longAfter)).toBe(0);
    expect(await blobs.bringBack('m/a/', pointMs)).toBe(1);
    expect(await blobs.bringBack('m/', pointMs)).toBe(1);
    expect(await blobs.bringBack('m/', pointMs)).toBe(0);
    for (const key of keys.slice(0, 3)) {
      expect(String(await blobs.get(key))).toBe(`bytes of ${key}`);
      expect((await blobs.info(key))?.metadata).toEqual({ to: 'anna', name: 'Grüße' });
    }
    expect(await blobs.get('p/a/1')).toBeUndefined();
  });

  test('nothing comes back where no versions are kept', async () => {
    await using s3 = await openTestS3();
    await s3.blobs.put('m/a/1', Buffer.from('x'));
    const pointMs = Date.now();
    await s3.blobs.deleteMany(['m/a/1']);
    expect(await s3.blobs.bringBack('m/', pointMs)).toBe(0);
    expect(await s3.blobs.bringBack('not a prefix', pointMs)).toBe(0);
  });

  test('restore brings back what the index of then names: messages, and pieces of its snapshots', async () => {
    await using home = await openTestHome('aws');
    const ports = await home.open();
    const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '', ...names } = home.environment;
    const options = {
      bucket: names.CIRRUS_AWS_BUCKET ?? '',
      client: {
        endpoint: names.CIRRUS_AWS_S3_ENDPOINT ?? '',
        region: 'us-east-1',
        forcePathStyle: true,
        credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
      },
    };
    await using _versions = await versioned(s3Client(options), options.bucket);
    const store = new MailStore(ports);
    await addUser(store, { name: 'anna', verifier: undefined });
    const user = await new Directory(ports.index).find('anna');
    if (user === undefined) throw new Error('no anna');
    const inbox = await new Account(store, user).open('INBOX');
    const messages: NamedMessage[] = [];
    // So many that the snapshot is an object and not an item.
    for (let i = 0; i < 3; i++) {
      const { blob, sizeBytes } = await storeMessage(store.context, [user.space], Buffer.from(`Subject: ${i}\r\n\r\n`));
      messages.push({ blob, sizeBytes, internalDate: 1e9 + i, flags: [] });
    }
    await append(inbox, [...messages, ...Array.from({ length: 3000 }, (_, i) => at(messages, i % 3))]);
    await inbox.mailbox.compact();
    const pieces = (await ports.blobs.list(PIECES)).blobs.map(({ key }) => key);
    expect(pieces.length).toBeGreaterThan(0);
    const then = await rowsOf(ports.index);
    const pointMs = Date.now();
    // Since then the sweep has removed what was expunged meanwhile, and old snapshots.
    const gone = messages.slice(0, 2).map(({ blob }) => messageBlobKey(user.space, blob));
    await ports.blobs.deleteMany([...gone, ...pieces]);
    await store.close();
    for (const { pk, sk } of await rowsOf(ports.index)) await ports.index.delete({ pk, sk });
    for (const { pk, sk, item } of then) await ports.index.put({ pk, sk }, item);
    const restored = new MailStore(ports);
    const tally = await restore(restored, { pointMs });
    expect(tally).toMatchObject({ accounts: 1, lost: 0, adopted: 0, broughtBack: 2 + pieces.length });
    const { view } = await (await new Account(restored, user).open('INBOX')).mailbox.refresh();
    expect(view.exists).toBe(3003);
    const kept = new S3Blobs(options);
    for (const key of gone) expect(String(await kept.get(key))).toContain('Subject: ');
    expect((await kept.list(MESSAGES)).blobs).toHaveLength(3);
    await kept.close();
    await restored.close();
    await ports.close();
  });
});

function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new RangeError(`no ${index}`);
  return found;
}
