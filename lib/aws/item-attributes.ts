import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { asBuffer } from '../base/bytes.ts';
import { StoreError } from '../store/errors.ts';
import type { Item, Key } from '../store/ports.ts';
import { PARTITION_KEY, SORT_KEY } from './schema.ts';

export type Attributes = Record<string, AttributeValue>;

/** The key as DynamoDB's attributes. Bytes are copied: a request may be sent long after the call. */
export function keyAttributes(key: Key): Attributes {
  return { [PARTITION_KEY]: { B: Buffer.from(key.pk) }, [SORT_KEY]: { B: Buffer.from(key.sk) } };
}

/** Key and item as DynamoDB's attributes. */
export function itemAttributes(key: Key, item: Item): Attributes {
  const attributes = keyAttributes(key);
  for (const [name, value] of Object.entries(item))
    attributes[name] = typeof value === 'number' ? { N: String(value) } : { B: Buffer.from(value) };
  return attributes;
}

/** The item among DynamoDB's attributes; one that we cannot have written is refused (Rule 23). */
export function itemOf(attributes: Attributes): Item {
  const item: Record<string, number | Uint8Array> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (name === PARTITION_KEY || name === SORT_KEY) continue;
    if (value.B !== undefined) item[name] = asBuffer(value.B);
    else {
      const number = Number(value.N);
      if (!Number.isSafeInteger(number)) throw new StoreError('format', `attribute ${name} is no integer and no bytes`);
      item[name] = number;
    }
  }
  return item;
}

/** The key among DynamoDB's attributes. */
export function keyOf(attributes: Attributes): Key {
  return { pk: binary(attributes, PARTITION_KEY), sk: binary(attributes, SORT_KEY) };
}

function binary(attributes: Attributes, name: string): Buffer {
  const bytes = attributes[name]?.B;
  if (bytes === undefined) throw new StoreError('format', `item without binary ${name}`);
  return asBuffer(bytes);
}
