import { expect, it } from 'vitest';
import { newId } from '../../lib/base/ids.ts';
import { StructureParser } from '../../lib/message/structure.ts';
import { summarize } from '../../lib/message/summary.ts';
import { gistOf } from '../../lib/search/gist.ts';
import { GistCache } from '../../lib/search/gist-cache.ts';

it('holds about so many bytes (gistBytes), and lets go of the oldest first', () => {
  const parser = new StructureParser();
  parser.feed(Buffer.from('Subject: one\r\n\r\nx'));
  const gist = gistOf(summarize(parser.finish()));
  const cache = new GistCache(10_000);
  const blobs = Array.from({ length: 100 }, () => newId(0));
  for (const blob of blobs) cache.put(blob, gist);
  expect(cache.bytes).toBeLessThanOrEqual(10_000);
  expect(cache.bytes).toBeGreaterThan(5000);
  const kept = blobs.map((blob) => cache.get(blob) === gist);
  expect(kept.at(0)).toBe(false);
  expect(kept.at(-1)).toBe(true);
  // What is kept is the newest, without a gap.
  expect(kept.lastIndexOf(false)).toBe(kept.indexOf(true) - 1);
});
