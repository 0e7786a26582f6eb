import { FormatError } from '../base/bytes.ts';
import type { Item, Job, Key } from '../store/ports.ts';

/** A job as it is stored while it waits or runs. */
export interface StoredJob {
  readonly rev: number;
  readonly body: Uint8Array;
  /** Not before this time (ms). While it runs: when its runner is given up for dead. */
  readonly dueMs: number;
  readonly tries: number;
  /** Who runs it; empty while it waits. */
  readonly runner: string;
  /** Asked for again while it ran. */
  readonly again: boolean;
}

/** `J#<kind>`, `<id>`. */
export function jobKey(kind: string, id: string): Key {
  return { pk: jobPartition(kind), sk: Buffer.from(id, 'utf8') };
}

export function jobPartition(kind: string): Buffer {
  return Buffer.from(`J#${kind}`, 'utf8');
}

export function jobItem(job: StoredJob): Item {
  return {
    r: job.rev,
    b: job.body,
    d: job.dueMs,
    n: job.tries,
    o: Buffer.from(job.runner, 'utf8'),
    g: job.again ? 1 : 0,
  };
}

export function storedJob(item: Item): StoredJob {
  return {
    rev: number(item, 'r'),
    body: bytes(item, 'b'),
    dueMs: number(item, 'd'),
    tries: number(item, 'n'),
    runner: bytes(item, 'o').toString('utf8'),
    again: number(item, 'g') === 1,
  };
}

/** Jobs kept aside; the key counts backwards in time, so that the newest come first. */
export const DEAD_PARTITION = Buffer.from('J!', 'utf8');

export function deadKey(job: Job, nowMs: number): Key {
  const backwards = Buffer.alloc(8);
  backwards.writeBigUInt64BE(2n ** 63n - BigInt(nowMs));
  return { pk: DEAD_PARTITION, sk: Buffer.concat([backwards, Buffer.from(job.id, 'utf8')]).subarray(0, 500) };
}

export function deadItem(job: Job, error: string): Item {
  return {
    r: 1,
    k: Buffer.from(job.kind, 'utf8'),
    i: Buffer.from(job.id, 'utf8'),
    b: job.body,
    e: Buffer.from(error, 'utf8'),
  };
}

export function deadJob(item: Item): Job & { readonly error: string } {
  const text = (name: string): string => bytes(item, name).toString('utf8');
  return { id: text('i'), kind: text('k'), body: bytes(item, 'b'), error: text('e') };
}

function number(item: Item, name: string): number {
  const value = item[name];
  if (typeof value !== 'number') throw new FormatError(`job without ${name}`);
  return value;
}

function bytes(item: Item, name: string): Buffer {
  const value = item[name];
  if (value === undefined || typeof value === 'number') throw new FormatError(`job without ${name}`);
  return Buffer.from(value);
}
