import { expect, it } from 'vitest';
import { SummaryTexts } from '../../gateway/imap/fetch/summary-texts.ts';
import { newId } from '../../lib/base/ids.ts';
import { parseStructure } from '../../lib/message/structure.ts';
import { summarize } from '../../lib/message/summary.ts';

const summary = summarize(parseStructure(Buffer.from('Subject: gr\u00fc\u00df\r\nMessage-ID: <a@b>\r\n\r\nx')));
const plain = { utf8: false };

it('what was written of a message is kept, for each way to write it (summaryTextBytes)', () => {
  const texts = new SummaryTexts(20_000);
  const [one, two] = [newId(0), newId(0)];
  const item = { item: 'ENVELOPE' } as const;
  const text = texts.make(item, one, summary, plain);
  expect(text).toMatch(/^ENVELOPE \(NIL \{6\}\r\n/);
  expect(texts.get(item, one, plain)).toBe(text);
  expect(texts.get(item, two, plain)).toBeUndefined();
  expect(texts.get({ item: 'BODY' }, one, plain)).toBeUndefined();
  expect(texts.get(item, one, { utf8: true })).toBeUndefined();
  expect(texts.make(item, one, summary, { utf8: true })).toMatch(/^ENVELOPE \(NIL "gr/);
  for (let i = 0; i < 1000; i++) texts.make(item, newId(0), summary, plain);
  expect(texts.bytes).toBeLessThanOrEqual(20_000);
  expect(texts.get(item, one, plain)).toBeUndefined();
});
