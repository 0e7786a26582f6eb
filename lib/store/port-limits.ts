import type { BlobMetadata, Item, Key } from './ports.ts';

/** What the ports promise to take (their doc comments); every adapter checks the same, so that none takes more. */
export const KEY_PART_BYTES = 500;
export const ITEM_BYTES = 380 * 1024;
export const BLOB_KEY_LENGTH = 200;
export const BLOB_METADATA_BYTES = 1800;

const ATTRIBUTE_NAME = /^[A-Za-z]{1,3}$/;
const BLOB_KEY = /^[a-z0-9-]+(?:\/[a-z0-9-]+)*$/;
const BLOB_PREFIX = /^[a-z0-9/-]*$/;

/** Throws a RangeError when a part of the key is empty or too long. */
export function checkKey(key: Key): void {
  checkKeyPart('pk', key.pk);
  checkKeyPart('sk', key.sk);
}

/** Throws a RangeError when the partition key is empty or too long. */
export function checkKeyPart(name: 'pk' | 'sk', bytes: Uint8Array): void {
  if (bytes.length === 0 || bytes.length > KEY_PART_BYTES)
    throw new RangeError(`${name} has ${bytes.length} bytes; 1 to ${KEY_PART_BYTES} are allowed`);
}

/** Bytes of an item and its key as DynamoDB counts them, rounded up: names, bytes, and numbers at 1 byte per 2 digits. */
export function itemBytes(key: Key, item: Item): number {
  let total = key.pk.length + key.sk.length + 4;
  for (const [name, value] of Object.entries(item))
    total +=
      name.length + (typeof value === 'number' ? 2 + Math.ceil(String(Math.abs(value)).length / 2) : value.length);
  return total;
}

/** Throws a RangeError when an attribute's name or number, or the item's size, is beyond the contract. */
export function checkItem(key: Key, item: Item): void {
  checkKey(key);
  for (const [name, value] of Object.entries(item)) checkAttribute(name, value);
  const bytes = itemBytes(key, item);
  if (bytes > ITEM_BYTES) throw new RangeError(`item of ${bytes} bytes; at most ${ITEM_BYTES} are allowed`);
}

/** Throws a RangeError when the name or the value of one attribute is beyond the contract. */
export function checkAttribute(name: string, value: number | Uint8Array): void {
  // `pk` and `sk` hold the key on stores that keep both in one record.
  if (!ATTRIBUTE_NAME.test(name) || name === 'pk' || name === 'sk')
    throw new RangeError(`attribute name ${JSON.stringify(name)}`);
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new RangeError(`attribute ${name} is ${value}`);
}

/** Throws a RangeError when the key is not of the form the contract allows. */
export function checkBlobKey(key: string): void {
  if (key.length > BLOB_KEY_LENGTH || !BLOB_KEY.test(key)) throw new RangeError(`blob key ${JSON.stringify(key)}`);
}

/** Whether any valid blob key begins so. */
export function isBlobPrefix(prefix: string): boolean {
  return BLOB_PREFIX.test(prefix) && !prefix.startsWith('/') && !prefix.includes('//');
}

/** Throws a RangeError when names and values together have more than 1.8 KB. */
export function checkBlobMetadata(metadata: BlobMetadata): void {
  let bytes = 0;
  for (const [name, value] of Object.entries(metadata)) bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  if (bytes > BLOB_METADATA_BYTES)
    throw new RangeError(`blob metadata of ${bytes} bytes; at most ${BLOB_METADATA_BYTES} are allowed`);
}
