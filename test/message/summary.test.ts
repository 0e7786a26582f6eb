import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStructure } from '../../lib/message/structure.ts';
import { messageIds, type Summary, summarize } from '../../lib/message/summary.ts';
import { decodeSummary, encodeSummary } from '../../lib/message/summary-codec.ts';

const nested = readFileSync(new URL('fixtures/nested.eml', import.meta.url));
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);

function summaryOf(message: Uint8Array): Summary {
  return summarize(parseStructure(message));
}

describe('summary', () => {
  it('tells what lists and threads need', () => {
    const summary = summaryOf(nested);
    expect(summary).toMatchObject({
      sizeBytes: nested.length,
      headerBytes: nested.indexOf('\n\n') + 2,
      preview: 'Schöne Grüße aus dem Schwarzwald.',
      references: ['<1@example.com>', '<2@example.com>'],
      sentDate: { epochSeconds: Date.parse('2001-02-01T09:00:00Z') / 1000, offsetMinutes: 60 },
    });
    expect(summary.envelope.to).toHaveLength(4);
  });

  it('takes the references of In-Reply-To when there are no others', () => {
    const summary = summaryOf(Buffer.from('References: none\nIn-Reply-To: Your mail <a@b> and <c@d>\n\n'));
    expect(summary.references).toEqual(['<a@b>']);
    expect(summary.sentDate).toBeUndefined();
  });

  it('keeps the root and the nearest of many references', () => {
    const ids = Array.from({ length: 1000 }, (_, i) => `<${i}@x>`);
    const { references } = summaryOf(Buffer.from(`References: ${ids.join('\n ')}\n\n`));
    expect(references).toHaveLength(200);
    expect([references[0], references[1], references.at(-1)]).toEqual(['<0@x>', '<801@x>', '<999@x>']);
    expect(messageIds('<a @b> <a@b> <x> <<c@d>')).toEqual(['<a@b>', '<c@d>']);
  });
});

describe(`summary bytes (FUZZ_SEED=${seed})`, () => {
  it('fit one write unit of 1 KB for normal mail, and are deflated beyond', () => {
    expect(encodeSummary(summaryOf(nested)).length).toBeLessThan(1024 - 60);
    const parts = Array.from(
      { length: 40 },
      (_, i) => `--b\nContent-Type: text/x-${i}; name="a rather long name ${i}"\n\nx\n`,
    );
    const large = summaryOf(Buffer.from(`Content-Type: multipart/mixed; boundary=b\n\n${parts.join('')}--b--\n`));
    expect(encodeSummary(large).length).toBeLessThan(1024);
    expect(decodeSummary(encodeSummary(large))).toEqual(large);
  });

  it('decode to what was encoded', () => {
    expect(decodeSummary(encodeSummary(summaryOf(nested)))).toEqual(summaryOf(nested));
    const pieces = fc.constantFrom(
      ...nested.toString('latin1').split(/(?<=\n)/),
      'Content-Type: message/rfc822\n',
      'Content-Language: de, en\n',
      'Content-MD5: x\n',
      'Content-ID: <x>\n',
      'Content-Location: y\n',
      'Reply-To: <@r:a@b>\n',
      'Sender: s@t\n',
      'Date: 1 Jan 1900 00:00 -0100\n',
      'Subject: \xe2\x82\xac \xff\n',
    );
    const message = fc.array(pieces, { maxLength: 60 }).map((parts) => Buffer.from(parts.join(''), 'latin1'));
    fc.assert(
      fc.property(message, (bytes) => {
        const summary = summaryOf(bytes);
        expect(decodeSummary(encodeSummary(summary))).toEqual(summary);
      }),
      { seed, numRuns: 500 },
    );
  });

  it('are not decoded when of another format, or damaged', () => {
    const bytes = encodeSummary(summaryOf(nested));
    expect(decodeSummary(Buffer.of())).toBeUndefined();
    expect(decodeSummary(Buffer.concat([Buffer.of(2), bytes.subarray(1)]))).toBeUndefined();
    expect(decodeSummary(Buffer.concat([Buffer.of(1, 9), bytes.subarray(2)]))).toBeUndefined();
    for (let length = 0; length < bytes.length; length++)
      expect(decodeSummary(bytes.subarray(0, length))).toBeUndefined();
  });

  it('never throw, whatever they are', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 1), fc.uint8Array({ maxLength: 300 }), (compression, bytes) => {
        const decoded = decodeSummary(Buffer.concat([Buffer.of(1, compression), bytes]));
        expect(decoded === undefined || typeof decoded.preview === 'string').toBe(true);
      }),
      { seed, numRuns: 1000 },
    );
  });
});
