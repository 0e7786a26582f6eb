import { expect, it } from 'vitest';
import { newId } from '../../lib/base/ids.ts';
import { StructureParser } from '../../lib/message/structure.ts';
import { summarize } from '../../lib/message/summary.ts';
import { type Gist, gistOf } from '../../lib/search/gist.ts';
import { KeyCache, type MailboxKeys } from '../../lib/search/key-cache.ts';
import type { Block } from '../../lib/store/mailbox-block.ts';

function block(rows: number): Block {
  const uids = Uint32Array.from({ length: rows }, (_, i) => i + 1);
  return { uids, flags: new Uint32Array(rows), seqs: new Float64Array(rows), cold: { columns: undefined } };
}

function fill(keys: MailboxKeys, rows: number): void {
  const columns = keys.of(block(rows));
  for (let row = 0; row < rows; row++) keys.fill(columns, row, aGist(row));
}

function aGist(row: number): Gist {
  const parser = new StructureParser();
  parser.feed(Buffer.from(`Message-ID: <${row}@x.example>\r\nReferences: <a@x.example>\r\n\r\nx`));
  return gistOf(summarize(parser.finish()));
}

/** What a mailbox without keys is counted as. */
function empty(): number {
  return new KeyCache(1).of(newId(0)).bytes;
}

it('all versions of a block have the same keys', () => {
  const keys = new KeyCache(1).of(newId(0));
  const before = block(3);
  const after: Block = { ...before, flags: Uint32Array.of(1, 1, 1) };
  expect(keys.of(after)).toBe(keys.of(before));
  expect(keys.of(block(3))).not.toBe(keys.of(before));
});

it('holds about so many bytes (keyBytes): the mailbox goes that was not asked for longest', () => {
  const cache = new KeyCache(100_000);
  const [first, second, third] = [newId(0), newId(0), newId(0)];
  const held = cache.of(first);
  fill(held, 150);
  fill(cache.of(second), 150);
  expect(cache.of(first)).toBe(held);
  expect(cache.bytes).toBeGreaterThan(50_000);
  fill(cache.of(third), 150);
  const other = cache.of(newId(0));
  expect(other.bytes).toBe(empty());
  expect(cache.bytes).toBeLessThanOrEqual(100_000);
  expect(cache.of(first)).toBe(held);
});

it('a mailbox that takes more than all may hold begins anew the next time', () => {
  const cache = new KeyCache(10_000);
  const id = newId(0);
  fill(cache.of(id), 100);
  expect(cache.bytes).toBeGreaterThan(10_000);
  expect(cache.of(id).bytes).toBe(empty());
});

it('counts mailboxes without keys too, rows that are not filled, and what two have loaded once', () => {
  const cache = new KeyCache(50_000);
  for (let i = 0; i < 1000; i++) cache.of(newId(0));
  expect(cache.bytes).toBeLessThanOrEqual(50_000);
  const keys = cache.of(newId(0));
  const columns = keys.of(block(1000));
  expect(keys.bytes).toBeGreaterThan(40_000);
  keys.fill(columns, 0, aGist(0));
  const { bytes } = keys;
  keys.fill(columns, 0, aGist(0));
  expect(keys.bytes).toBe(bytes);
});
