import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { type AwsSettings, openAws } from '../../lib/aws/open.ts';
import { openEmbedded } from '../../lib/embedded/open.ts';
import type { StorePorts } from '../../lib/store/mail-store.ts';
import type { Blobs, Index, Key } from '../../lib/store/ports.ts';
import { openTestDynamoDb, TEST_REQUEST_TIMEOUT_MS } from './dynamodb.ts';
import { openTestS3 } from './s3.ts';
import { temporaryFolder } from './temporary-folder.ts';

export type HomeName = 'embedded' | 'aws';

/** The home that store and protocol tests run on: `CIRRUS_TEST_HOME`. */
export const chosenHome: HomeName = process.env.CIRRUS_TEST_HOME === 'aws' ? 'aws' : 'embedded';

/** An empty home of its own. */
export interface TestHome extends AsyncDisposable {
  readonly name: HomeName;
  /** The data folder; that of the gateways' certificates on the AWS home. */
  readonly folder: string;
  /** The configuration that a process needs to serve this home. */
  readonly environment: Readonly<Record<string, string>>;
  /** The ports as one process has them, be it a server or one that comes and goes; any number may be open at a time. */
  open(options?: { readonly serves: boolean }): Promise<OpenPorts>;
  /** The same once more, from here on apart; nothing may be under way. */
  fork(): Promise<TestHome>;
}

export interface OpenPorts extends StorePorts {
  close(): Promise<void>;
}

/** Opens an empty home of the kind; `embedded`: a folder, `aws`: a table and a bucket of their own. */
export function openTestHome(name = chosenHome): Promise<TestHome> {
  return name === 'aws' ? openAwsHome() : openEmbeddedHome();
}

async function openEmbeddedHome(from?: string): Promise<TestHome> {
  const own = await temporaryFolder();
  const folder = join(own.path, 'data');
  if (from !== undefined) await cp(from, folder, { recursive: true, filter: (path) => path !== join(from, 'run') });
  return {
    name: 'embedded',
    folder,
    environment: { CIRRUS_CONFIGDIRECTORY: folder },
    // Most are open for a moment: a thread of their own would be most of what they cost.
    open: (options) => openEmbedded(folder, { commitHere: options?.serves !== true }),
    fork: () => openEmbeddedHome(folder),
    [Symbol.asyncDispose]: () => own[Symbol.asyncDispose](),
  };
}

/** Requests that are under way at once while a home is copied. */
const COPIES = 32;

type Contents = Pick<StorePorts, 'index' | 'blobs'>;

async function copyAll(from: Contents, to: Contents): Promise<void> {
  await Promise.all([copyItems(from.index, to.index), copyBlobs(from.blobs, to.blobs)]);
}

async function copyItems(from: Index, to: Index): Promise<void> {
  let after: Key | undefined;
  do {
    const page = await from.scan(after);
    await eachOf(page.rows, async ({ pk, sk, item }) => void (await to.put({ pk, sk }, item)));
    after = page.next;
  } while (after !== undefined);
}

async function copyBlobs(from: Blobs, to: Blobs): Promise<void> {
  let last: string | undefined;
  do {
    const page = await from.list('', last);
    await eachOf(page.blobs, async ({ key }) => {
      const [info, bytes] = await Promise.all([from.info(key), from.get(key)]);
      await to.put(key, bytes ?? Buffer.alloc(0), info?.metadata);
    });
    last = page.next;
  } while (last !== undefined);
}

/** Does it for all, `COPIES` at a time. */
async function eachOf<T>(all: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  const left = all.values();
  const work = async (): Promise<void> => {
    for (const one of left) await act(one);
  };
  await Promise.all(Array.from({ length: COPIES }, work));
}

async function openAwsHome(from?: Contents): Promise<TestHome> {
  const [own, dynamoDb, s3] = await Promise.all([temporaryFolder(), openTestDynamoDb(), openTestS3()]);
  const contents: Contents = { index: dynamoDb.index, blobs: s3.blobs };
  if (from !== undefined) await copyAll(from, contents);
  const folder = join(own.path, 'data');
  const settings: AwsSettings = {
    aws_region: 'us-east-1',
    aws_table: dynamoDb.options.table,
    aws_bucket: s3.options.bucket,
    aws_dynamodb_endpoint: dynamoDb.endpoint,
    aws_s3_endpoint: s3.endpoint,
  };
  // Where the SDK looks first.
  process.env.AWS_ACCESS_KEY_ID = s3.credentials.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = s3.credentials.secretAccessKey;
  const variables = Object.entries(settings).map(([key, value]) => [`CIRRUS_${key.toUpperCase()}`, value]);
  return {
    name: 'aws',
    folder,
    environment: {
      ...Object.fromEntries(variables),
      CIRRUS_HOME: 'aws',
      CIRRUS_CONFIGDIRECTORY: folder,
      CIRRUS_LISTEN_HINTS: '127.0.0.1:0',
      AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
    },
    open: () => openAws(settings, { hints: { host: '127.0.0.1', port: 0 }, requestTimeoutMs: TEST_REQUEST_TIMEOUT_MS }),
    fork: () => openAwsHome(contents),
    async [Symbol.asyncDispose]() {
      const parts = [s3, dynamoDb, own];
      await Promise.all(parts.map((part) => part[Symbol.asyncDispose]()));
    },
  };
}
