import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkTable } from '../../lib/aws/check-home.ts';
import { hintsKey } from '../../lib/aws/hints-key.ts';
import { dynamoDbClient } from '../../lib/aws/index-dynamodb.ts';
import { openAws } from '../../lib/aws/open.ts';
import { openTestDynamoDb, type TestDynamoDb } from '../support/dynamodb.ts';
import { openDynamoDbProxy } from '../support/dynamodb-proxy.ts';
import { describeWithS3, openTestS3 } from '../support/s3.ts';

describe('the table of the AWS home', () => {
  let database: TestDynamoDb;
  beforeAll(async () => {
    database = await openTestDynamoDb();
  });
  afterAll(() => database[Symbol.asyncDispose]());

  /** What is said of a table that DescribeTable answers with these changes. */
  async function saidOf(change: object): Promise<string> {
    await using proxy = await openDynamoDbProxy(database.endpoint);
    proxy.script.push({ edit: ({ Table }) => ({ Table: { ...Table, ...change } }) });
    const client = dynamoDbClient({ client: { ...database.options.client, endpoint: proxy.endpoint } });
    try {
      await checkTable(client, database.options.table);
      return 'good';
    } catch (error) {
      expect(error).toMatchObject({ name: 'StoreError', code: 'unavailable' });
      return error instanceof Error ? error.message.replaceAll(database.options.table, 'T') : '';
    } finally {
      client.destroy();
    }
  }

  test('is taken as it is made, and while it is being changed', async () => {
    expect(await saidOf({})).toBe('good');
    expect(await saidOf({ TableStatus: 'UPDATING' })).toBe('good');
    expect(await saidOf({ TableStatus: 'CREATING' })).toBe('the table T is CREATING, not ACTIVE');
  });

  test('is refused when it is a global table where the last writer wins (Rule 22)', async () => {
    const TableArn = 'arn:aws:dynamodb:eu-west-1:123456789012:table/T';
    const Replicas = [{ RegionName: 'eu-west-1' }, { RegionName: 'eu-central-1' }];
    expect(await saidOf({ TableArn, Replicas })).toMatch(
      /^the table T is a global table with replicas in eu-central-1 where the last writer wins/,
    );
    expect(await saidOf({ TableArn, Replicas, MultiRegionConsistency: 'EVENTUAL' })).toMatch(/last writer wins/);
    expect(await saidOf({ GlobalTableVersion: '2017.11.29' })).toMatch(/^the table T is a global table where/);
    expect(await saidOf({ TableArn, Replicas, MultiRegionConsistency: 'STRONG' })).toBe('good');
    expect(await saidOf({ TableArn, Replicas: [{ RegionName: 'eu-west-1' }] })).toBe('good');
  });

  test('is refused when it is not there or has other keys', async () => {
    const client = dynamoDbClient(database.options);
    await expect(checkTable(client, 'nobody')).rejects.toThrow(
      /^there is no table nobody in 127\.0\.0\.1:\d+ \(aws_tab/,
    );
    const name = `${database.options.table}-text`;
    await client.send(
      new CreateTableCommand({
        TableName: name,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      }),
    );
    const keys = 'has the keys id HASH S; needed are pk HASH B, sk RANGE B';
    // It is CREATING for a moment.
    await expect.poll(() => checkTable(client, name).catch((error: Error) => error.message)).toContain(keys);
    client.destroy();
  });

  test('keeps one key for the hints of all gateways, whoever asks first (Rule 20)', async () => {
    const keys = await Promise.all([1, 2, 3].map(() => hintsKey(database.index)));
    expect(keys[0]).toHaveLength(32);
    for (const key of [...keys, await hintsKey(database.index)])
      expect(Buffer.compare(key, keys[0] ?? Buffer.alloc(0))).toBe(0);
  });
});

describeWithS3('the AWS home', () => {
  test('says in one sentence what is wrong with table, bucket, credentials or server', async () => {
    await using database = await openTestDynamoDb();
    await using s3 = await openTestS3();
    const settings = {
      aws_region: 'us-east-1',
      aws_table: database.options.table,
      aws_bucket: s3.options.bucket,
      aws_dynamodb_endpoint: database.endpoint,
      aws_s3_endpoint: s3.endpoint,
    };
    process.env.AWS_ACCESS_KEY_ID = s3.credentials.accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY = s3.credentials.secretAccessKey;
    const opened = await openAws(settings, { hints: { host: '127.0.0.1', port: 0 } });
    expect(opened.hints.address).toMatch(/^127\.0\.0\.1:\d+$/);
    await opened.close();
    await expect(openAws({ ...settings, aws_table: 'nobody' })).rejects.toThrow(/^there is no table nobody/);
    await expect(openAws({ ...settings, aws_bucket: 'nobody' })).rejects.toThrow(
      'there is no bucket nobody (aws_bucket)',
    );
    await expect(openAws({ ...settings, aws_s3_endpoint: 'http://127.0.0.1:1' })).rejects.toThrow(/ECONNREFUSED/);
    process.env.AWS_SECRET_ACCESS_KEY = 'another';
    await expect(openAws(settings)).rejects.toThrow(
      `the bucket ${s3.options.bucket} may not be used with these credentials`,
    );
  });
});
