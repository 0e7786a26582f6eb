import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DynamoDbIndex } from '../../lib/aws/index-dynamodb.ts';
import type { Key } from '../../lib/store/ports.ts';
import { openTestDynamoDb, type TestDynamoDb } from '../support/dynamodb.ts';
import { type Answer, type DynamoDbProxy, openDynamoDbProxy } from '../support/dynamodb-proxy.ts';

const throttled: Answer = { error: 'ProvisionedThroughputExceededException', status: 400 };
const broken: Answer = { error: 'InternalServerError', status: 500 };
const lost: Answer = { cut: true };
const unavailable = { name: 'StoreError', code: 'unavailable' };

describe('DynamoDB index, when DynamoDB is unwell', () => {
  let store: TestDynamoDb;
  let proxy: DynamoDbProxy;
  let index: DynamoDbIndex;
  let keys = 0;
  const newKey = (): Key => ({ pk: Buffer.from('p'), sk: Buffer.from(`${keys++}`) });

  beforeAll(async () => {
    store = await openTestDynamoDb();
    proxy = await openDynamoDbProxy(store.endpoint);
    index = new DynamoDbIndex({
      table: store.options.table,
      client: { ...store.options.client, endpoint: proxy.endpoint },
      retry: { attempts: 4, firstDelayMs: 1, longestDelayMs: 4 },
      requestTimeoutMs: 1000,
    });
  });
  beforeEach(() => {
    proxy.seen.length = 0;
    proxy.script.length = 0;
  });
  afterAll(async () => {
    await index.close();
    await proxy[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  });

  test('throttled requests are repeated, and given up after some', async () => {
    const key = newKey();
    proxy.script.push(throttled, throttled, throttled);
    expect(await index.put(key, { r: 1 }, 'absent')).toEqual({ ok: true });
    expect(proxy.seen).toHaveLength(4);
    proxy.script.push(throttled, throttled, throttled, throttled);
    await expect(index.get(key)).rejects.toMatchObject(unavailable);
    expect(proxy.seen).toHaveLength(8);
  });

  test('a put whose answer was lost is repeated; its own item fails the condition, for the caller to see (Rule 3)', async () => {
    for (const answer of [lost, { ...broken, applied: true }]) {
      const key = newKey();
      await index.put(key, { r: 1 });
      proxy.script.push(answer);
      expect(await index.put(key, { r: 2 }, { rev: 1 })).toEqual({ ok: false, current: { r: 2 } });
    }
  });

  test('an add whose answer was lost is not repeated', async () => {
    for (const answer of [lost, { ...broken, applied: true }]) {
      const key = newKey();
      proxy.script.push(answer);
      await expect(index.add(key, { n: 1 })).rejects.toMatchObject(unavailable);
      expect(await index.get(key)).toEqual({ n: 1 });
    }
  });

  test('an add that was throttled is repeated and counts once', async () => {
    const key = newKey();
    proxy.script.push(throttled, throttled);
    expect(await index.add(key, { n: 1 })).toEqual({ n: 1 });
  });

  test('keys that were not processed are asked for again, without end they are not', async () => {
    const wanted = Array.from({ length: 5 }, newKey);
    for (const [i, key] of wanted.entries()) await index.put(key, { r: i });
    proxy.script.push({ unprocessed: true }, { unprocessed: true });
    expect(await index.batchGet(wanted)).toEqual(wanted.map((_, r) => ({ r })));
    proxy.script.push(...Array.from({ length: 4 }, (): Answer => ({ unprocessed: true })));
    await expect(index.batchGet(wanted)).rejects.toMatchObject(unavailable);
  });

  test('a store that is not there, and a table that is not', async () => {
    const nowhere = new DynamoDbIndex({
      table: 'none',
      client: { ...store.options.client, endpoint: 'http://127.0.0.1:1' },
      retry: { attempts: 2, firstDelayMs: 1, longestDelayMs: 1 },
    });
    await expect(nowhere.get(newKey())).rejects.toMatchObject(unavailable);
    await nowhere.close();
    const tableless = new DynamoDbIndex({ ...store.options, table: 'no-such-table' });
    await expect(tableless.get(newKey())).rejects.toMatchObject(unavailable);
    await tableless.close();
  });

  test('a request that is wrong is our bug and not repeated', async () => {
    proxy.script.push({ error: 'ValidationException', status: 400 });
    await expect(index.get(newKey())).rejects.toMatchObject({ name: 'ValidationException' });
    expect(proxy.seen).toHaveLength(1);
  });
});
