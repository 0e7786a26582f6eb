import { expect, it } from 'vitest';
import { newId } from '../../lib/base/ids.ts';
import { StructureParser } from '../../lib/message/structure.ts';
import { summarize } from '../../lib/message/summary.ts';
import { gistOf } from '../../lib/search/gist.ts';
import { KeyCache, type MailboxKeys } from '../../lib/search/key-cache.ts';
import type { Block } from '../../lib/store/mailbox-block.ts';

function block(rows: number): Block {
  const uids = Uint32Array.from({ length: rows }, (_, i) => i + 1);
  return { uids, flags: new Uint32Array(rows), seqs: new Float64Array(rows), cold: { columns: undefined } };
}

function fill(keys: MailboxKeys, rows: number): void {
  const columns = keys.of(block(rows));
  for (let row = 0; row < rows; row++) {
    const parser = new StructureParser();
    parser.feed(Buffer.from(`Message-ID: <${row}@x.example>\r\nReferences: <a@x.example>\r\n\r\nx`));
    keys.fill(columns, row, gistOf(summarize(parser.finish())));
  }
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
  expect(other.bytes).toBe(0);
  expect(cache.bytes).toBeLessThanOrEqual(100_000);
  expect(cache.of(first)).toBe(held);
});

it('a mailbox that takes more than all may hold begins anew the next time', () => {
  const cache = new KeyCache(10_000);
  const id = newId(0);
  fill(cache.of(id), 100);
  expect(cache.bytes).toBeGreaterThan(10_000);
  expect(cache.of(id).bytes).toBe(0);
});
