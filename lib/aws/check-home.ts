import { DescribeTableCommand, type DynamoDBClient, type TableDescription } from '@aws-sdk/client-dynamodb';
import { HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { StoreError } from '../store/errors.ts';
import { statusOf, unavailable } from './errors.ts';
import { defaultRetry, retrying } from './retry.ts';
import { PARTITION_KEY, SORT_KEY } from './schema.ts';

/** Items can be read and written while the table is being changed, or its encryption key is. */
const USABLE = new Set(['ACTIVE', 'UPDATING']);
const KEYS = `${PARTITION_KEY} HASH B, ${SORT_KEY} RANGE B`;

/** Throws `StoreError` with one sentence for people unless the table is there and made as the index needs it (Rule 22). */
export async function checkTable(client: DynamoDBClient, table: string): Promise<void> {
  const described = await asked(`table ${table}`, 'ResourceNotFoundException', () =>
    client.send(new DescribeTableCommand({ TableName: table })),
  );
  const found = described?.Table;
  if (found === undefined) throw cannot(`there is no table ${table} in ${await placeOf(client)} (aws_table)`);
  if (!USABLE.has(found.TableStatus ?? '')) throw cannot(`the table ${table} is ${found.TableStatus}, not ACTIVE`);
  const keys = keysOf(found);
  if (keys !== KEYS) throw cannot(`the table ${table} has the keys ${keys}; needed are ${KEYS}`);
  const others = (found.Replicas ?? []).filter(({ RegionName }) => !isOwn(found, RegionName));
  const isStrong = found.MultiRegionConsistency === 'STRONG';
  if ((others.length > 0 && !isStrong) || found.GlobalTableVersion === '2017.11.29') {
    const where = others.map(({ RegionName }) => RegionName).join(', ');
    throw cannot(
      `the table ${table} is a global table${where && ` with replicas in ${where}`} where the last writer wins, which loses mail; needed is strong consistency between regions, or no replica`,
    );
  }
}

/** Throws `StoreError` with one sentence for people unless the bucket is there and may be listed. */
export async function checkBucket(client: S3Client, bucket: string): Promise<void> {
  const what = `bucket ${bucket}`;
  const head = await asked(what, 'NotFound', () => client.send(new HeadBucketCommand({ Bucket: bucket })));
  if (head === undefined) throw cannot(`there is no ${what} (aws_bucket)`);
}

/** The answer, undefined when it is the error that says that there is none; other failures as a sentence. */
async function asked<T>(what: string, none: string, send: () => Promise<T>): Promise<T | undefined> {
  try {
    return await retrying(what, true, defaultRetry, send);
  } catch (error) {
    const cause = error instanceof StoreError ? error.cause : error;
    if (!(cause instanceof Error)) throw error;
    if (cause.name === none || cause.name === 'NoSuchBucket') return undefined;
    if (cause.name === 'CredentialsProviderError') throw cannot(`the AWS SDK finds no credentials (${what})`, cause);
    if (cause.message.startsWith('Region is missing')) throw cannot('no region is given (aws_region)', cause);
    const status = statusOf(cause);
    if (status === 301 || status === 307) throw cannot(`the ${what} is in another region than aws_region says`, cause);
    if (status === 403 || /^AccessDenied/.test(cause.name))
      throw cannot(`the ${what} may not be used with these credentials`, cause);
    throw error instanceof StoreError ? error : unavailable(error, what);
  }
}

function keysOf({ KeySchema = [], AttributeDefinitions = [] }: TableDescription): string {
  const types = new Map(AttributeDefinitions.map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]));
  return KeySchema.map(({ AttributeName, KeyType }) => [AttributeName, KeyType, types.get(AttributeName)].join(' '))
    .sort()
    .join(', ');
}

/** Some answers list the table itself among its replicas. */
function isOwn({ TableArn = '' }: TableDescription, region: string | undefined): boolean {
  return region !== undefined && TableArn.split(':')[3] === region;
}

async function placeOf(client: DynamoDBClient): Promise<string> {
  const endpoint = await client.config.endpoint?.();
  return endpoint === undefined ? await client.config.region() : `${endpoint.hostname}:${endpoint.port ?? ''}`;
}

function cannot(text: string, cause?: unknown): StoreError {
  return new StoreError('unavailable', text, { cause });
}
