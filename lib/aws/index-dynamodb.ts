import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { checkAttribute, checkItem, checkKey, checkKeyPart, KEY_PART_BYTES } from '../store/port-limits.ts';
import type { Condition, Index, Item, Key, Page, RangeQuery, WriteResult } from '../store/ports.ts';
import { unavailable } from './errors.ts';
import { tunedClient } from './http.ts';
import { type Attributes, itemAttributes, itemOf, keyAttributes, keyOf } from './item-attributes.ts';
import { defaultRetry, pause, type RetryOptions, retrying } from './retry.ts';
import { PARTITION_KEY } from './schema.ts';

const BATCH_KEYS = 100;
const LOWEST = Buffer.from([0]);
const NOTHING = Buffer.alloc(0);

export interface DynamoDbIndexOptions {
  readonly table: string;
  /** Region, credentials, endpoint: what the SDK's own sources do not say. */
  readonly client?: Pick<DynamoDBClientConfig, 'credentials' | 'endpoint' | 'region'>;
  readonly retry?: RetryOptions;
  /** How long one request may take. Default 5 s. */
  readonly requestTimeoutMs?: number;
}

/** A client as the adapters use it; see {@link tunedClient}. */
export function dynamoDbClient(options: Omit<DynamoDbIndexOptions, 'table'> = {}): DynamoDBClient {
  return new DynamoDBClient({ ...options.client, ...tunedClient(options.requestTimeoutMs ?? 5000) });
}

/** The Index port on one DynamoDB table (or what speaks its protocol); see `schema.ts`. */
export class DynamoDbIndex implements Index {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #retry: RetryOptions;

  constructor(options: DynamoDbIndexOptions) {
    this.#client = dynamoDbClient(options);
    this.#table = options.table;
    this.#retry = options.retry ?? defaultRetry;
  }

  async get(key: Key, options?: { readonly consistent?: boolean }): Promise<Item | undefined> {
    checkKey(key);
    const command = new GetItemCommand({
      TableName: this.#table,
      Key: keyAttributes(key),
      ConsistentRead: options?.consistent ?? true,
    });
    const { Item: found } = await this.#repeatable('get', () => this.#client.send(command));
    return found && itemOf(found);
  }

  async batchGet(keys: readonly Key[], options?: { readonly consistent?: boolean }) {
    for (const key of keys) checkKey(key);
    const distinct = new Map(keys.map((key) => [nameOf(key), keyAttributes(key)]));
    const wanted = [...distinct.values()];
    const requests: Promise<readonly Attributes[]>[] = [];
    for (let at = 0; at < wanted.length; at += BATCH_KEYS)
      requests.push(this.#batch(wanted.slice(at, at + BATCH_KEYS), options?.consistent ?? true));
    const found = new Map<string, Item>();
    for (const answers of await Promise.all(requests))
      for (const attributes of answers) found.set(nameOf(keyOf(attributes)), itemOf(attributes));
    return keys.map((key) => found.get(nameOf(key)));
  }

  async put(key: Key, item: Item, condition?: Condition): Promise<WriteResult> {
    checkItem(key, item);
    const command = new PutItemCommand({
      TableName: this.#table,
      Item: itemAttributes(key, item),
      ...conditionOf(condition),
    });
    return this.#conditional('put', key, () => this.#client.send(command));
  }

  async delete(key: Key, condition?: Condition): Promise<WriteResult> {
    checkKey(key);
    const command = new DeleteItemCommand({
      TableName: this.#table,
      Key: keyAttributes(key),
      ...conditionOf(condition),
    });
    return this.#conditional('delete', key, () => this.#client.send(command));
  }

  async add(key: Key, deltas: Readonly<Record<string, number>>): Promise<Readonly<Record<string, number>>> {
    checkKey(key);
    const names = Object.keys(deltas);
    for (const [name, delta] of Object.entries(deltas)) checkAttribute(name, delta);
    if (names.length === 0) return {};
    const command = new UpdateItemCommand({
      TableName: this.#table,
      Key: keyAttributes(key),
      UpdateExpression: `ADD ${names.map((_, i) => `#${i} :${i}`).join(', ')}`,
      ExpressionAttributeNames: Object.fromEntries(names.map((name, i) => [`#${i}`, name])),
      ExpressionAttributeValues: Object.fromEntries(names.map((name, i) => [`:${i}`, { N: String(deltas[name]) }])),
      ReturnValues: 'UPDATED_NEW',
    });
    const { Attributes: sums } = await retrying('DynamoDB add', false, this.#retry, () => this.#client.send(command));
    return itemOf(sums ?? {}) as Readonly<Record<string, number>>;
  }

  async query(range: RangeQuery): Promise<Page> {
    checkKeyPart('pk', range.pk);
    const { low, high } = boundsOf(range);
    if (Buffer.compare(low, high) > 0) return { rows: [] };
    const command = new QueryCommand({
      TableName: this.#table,
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :low AND :high',
      ExpressionAttributeValues: { ':pk': { B: Buffer.from(range.pk) }, ':low': { B: low }, ':high': { B: high } },
      ConsistentRead: range.consistent ?? true,
      ...(range.limit !== undefined && { Limit: range.limit }),
    });
    const page = await this.#repeatable('query', () => this.#client.send(command));
    const rows = (page.Items ?? []).map((attributes) => ({ sk: keyOf(attributes).sk, item: itemOf(attributes) }));
    return page.LastEvaluatedKey === undefined ? { rows } : { rows, next: keyOf(page.LastEvaluatedKey).sk };
  }

  async scan(after?: Key, limit?: number) {
    const command = new ScanCommand({
      TableName: this.#table,
      ConsistentRead: true,
      ...(after && { ExclusiveStartKey: keyAttributes(after) }),
      ...(limit !== undefined && { Limit: limit }),
    });
    const page = await this.#repeatable('scan', () => this.#client.send(command));
    const rows = (page.Items ?? []).map((attributes) => ({ ...keyOf(attributes), item: itemOf(attributes) }));
    return page.LastEvaluatedKey === undefined ? { rows } : { rows, next: keyOf(page.LastEvaluatedKey) };
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  #repeatable<T>(what: string, send: () => Promise<T>): Promise<T> {
    return retrying(`DynamoDB ${what}`, true, this.#retry, send);
  }

  async #conditional(what: string, key: Key, send: () => Promise<unknown>): Promise<WriteResult> {
    try {
      await this.#repeatable(what, send);
      return { ok: true };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      // No item in the answer: there is none, or the store does not answer it. A later item will do (Rule 4).
      return { ok: false, current: error.Item ? itemOf(error.Item) : await this.get(key) };
    }
  }

  /** Reads at most 100 distinct keys, asking again for what DynamoDB left out. */
  async #batch(keys: readonly Attributes[], consistent: boolean): Promise<readonly Attributes[]> {
    const found: Attributes[] = [];
    let left = [...keys];
    for (let idle = 0; left.length > 0; ) {
      const command = new BatchGetItemCommand({
        RequestItems: { [this.#table]: { Keys: left, ConsistentRead: consistent } },
      });
      const answer = await this.#repeatable('batch get', () => this.#client.send(command));
      found.push(...(answer.Responses?.[this.#table] ?? []));
      const rest = answer.UnprocessedKeys?.[this.#table]?.Keys ?? [];
      idle = rest.length < left.length ? 0 : idle + 1;
      if (idle >= this.#retry.attempts) throw unavailable(new Error('no key was processed'), 'DynamoDB batch get');
      if (rest.length > 0) await pause(idle + 1, this.#retry);
      left = rest;
    }
    return found;
  }
}

type ConditionInput = Pick<
  PutItemCommandInput,
  | 'ConditionExpression'
  | 'ExpressionAttributeNames'
  | 'ExpressionAttributeValues'
  | 'ReturnValuesOnConditionCheckFailure'
>;

function conditionOf(condition: Condition | undefined): ConditionInput {
  if (condition === undefined) return {};
  if (condition === 'absent')
    return {
      ConditionExpression: `attribute_not_exists(${PARTITION_KEY})`,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    };
  return {
    ConditionExpression: '#r = :rev',
    ExpressionAttributeNames: { '#r': 'r' },
    ExpressionAttributeValues: { ':rev': { N: String(condition.rev) } },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

/**
 * Both bounds inclusive, because DynamoDB takes one condition on the sort key and refuses a start key outside of it. The
 * last key with a prefix is the prefix filled up with 0xff beyond the longest key there is.
 */
function boundsOf(range: RangeQuery): { readonly low: Buffer; readonly high: Buffer } {
  const prefix = range.prefix ?? NOTHING;
  let low = Buffer.compare(prefix, LOWEST) < 0 ? LOWEST : Buffer.from(prefix);
  if (range.after !== undefined) {
    const next = Buffer.concat([range.after, LOWEST]);
    if (Buffer.compare(next, low) > 0) low = next;
  }
  let high = Buffer.concat([prefix, Buffer.alloc(KEY_PART_BYTES + 1 - prefix.length, 0xff)]);
  if (range.upTo !== undefined && Buffer.compare(range.upTo, high) < 0) high = Buffer.from(range.upTo);
  return { low, high };
}

function nameOf(key: Key): string {
  return `${key.pk.toString('latin1')}/${key.pk.length}/${key.sk.toString('latin1')}`;
}
