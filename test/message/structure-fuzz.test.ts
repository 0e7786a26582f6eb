import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Part, walkParts } from '../../lib/message/part.ts';
import { findSection } from '../../lib/message/section.ts';
import { parseStructure, type Structure, StructureParser } from '../../lib/message/structure.ts';
import { baseSubject } from '../../lib/message/subject.ts';
import { summarize } from '../../lib/message/summary.ts';
import { decodeSummary, encodeSummary } from '../../lib/message/summary-codec.ts';
import { containsText } from '../../lib/message/text.ts';

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const runs = { seed, numRuns: 500 };

/** Pieces from which interesting messages grow; a few boundaries that collide and contain each other. */
const pieces = [
  'Content-Type: multipart/mixed; boundary=a\r\n',
  'Content-Type: multipart/digest; boundary="a--"\n',
  'Content-Type: multipart/alternative;\r\n boundary=ab\r\n',
  'Content-Type: message/rfc822\r\n',
  'Content-Type: text/html; charset=utf-8\n',
  'Content-Disposition: attachment; filename*0*=utf-8\'\'%e2; filename*1="x"\r\n',
  'From: "x" <a@b>, g: c@d;\r\n',
  'no colon\n',
  '\r\n',
  '\n',
  '\r',
  '--a\r\n',
  '--a--\r\n',
  '--a----\n',
  '--ab  \n',
  '--ab--',
  '--a',
  ' folded\r\n',
  'text\r\n',
  '\0\xff',
  'z'.repeat(1100),
];

const message = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((parts) => Buffer.from(parts.join(''), 'latin1')),
);

function expectNested(part: Part, from: number, to: number): void {
  expect(part.headerStart).toBeGreaterThanOrEqual(from);
  expect(part.bodyStart).toBeGreaterThanOrEqual(part.headerStart);
  expect(part.bodyEnd).toBeGreaterThanOrEqual(part.bodyStart);
  expect(part.bodyEnd).toBeLessThanOrEqual(to);
  expect(part.type === 'multipart').toBe(part.children.length > 0);
  expect(part.type === 'message' && part.subtype === 'rfc822').toBe(part.message !== undefined);
  let end = part.bodyStart;
  for (const child of part.children) {
    expectNested(child, end, part.bodyEnd);
    end = child.bodyEnd;
  }
  if (part.message !== undefined) expectNested(part.message.body, part.bodyStart, part.bodyEnd);
}

function expectLinesCounted(bytes: Uint8Array, part: Part): void {
  const body = bytes.subarray(part.bodyStart, part.bodyEnd);
  expect(part.lines).toBe(body.reduce((count, byte) => count + (byte === 10 ? 1 : 0), 0));
  for (const child of part.children) expectLinesCounted(bytes, child);
}

function parseInPieces(bytes: Uint8Array, sizes: readonly number[]): Structure {
  const parser = new StructureParser();
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    parser.feed(chunk);
    chunk.fill(0x2d);
    at += size;
  }
  return parser.finish();
}

describe(`any bytes (FUZZ_SEED=${seed})`, () => {
  it('become a tree whose parts lie within each other', () => {
    fc.assert(
      fc.property(message, (bytes) => {
        const { root } = parseStructure(bytes);
        expectNested(root, 0, bytes.length);
        expectLinesCounted(bytes, root);
        expect(root.headerStart).toBe(0);
        expect(root.bodyEnd).toBe(bytes.length);
      }),
      runs,
    );
  });

  it('become the same tree in whatever chunks they come', () => {
    fc.assert(
      fc.property(
        message,
        fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 5 }),
        (bytes, sizes) => {
          const whole = parseStructure(bytes);
          expect(parseInPieces(bytes, sizes)).toEqual(whole);
          expect(parseInPieces(bytes, [1])).toEqual(whole);
        },
      ),
      runs,
    );
  });

  it('can be summed up, searched and cut into sections', () => {
    fc.assert(
      fc.property(message, fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 }), (bytes, path) => {
        const structure = parseStructure(bytes);
        const summary = summarize(structure);
        expect(decodeSummary(encodeSummary(summary))).toEqual(summary);
        baseSubject(summary.envelope.subject ?? '');
        const read = (start: number, end: number) => bytes.subarray(start, end);
        expect(containsText(read, structure.root, 'all', '')).toBe(true);
        expect(containsText(read, structure.root, 'all', 'not in there')).toBe(false);
        const found = findSection(structure.root, path, 'full');
        const known = [...walkParts(structure.root)].map((part) => part.bodyEnd);
        if (found !== undefined) expect(known).toContain(found.end);
      }),
      runs,
    );
  });

  it('become a tree when a good message is mutated', () => {
    const original = Buffer.from(pieces.join(''), 'latin1');
    const edit = fc.record({ at: fc.nat(original.length), remove: fc.nat(40), insert: fc.constantFrom(...pieces, '') });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
        let bytes: Buffer = original;
        for (const { at, remove, insert } of edits) {
          bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(insert, 'latin1'), bytes.subarray(at + remove)]);
        }
        expectNested(parseStructure(bytes).root, 0, bytes.length);
        expect(parseInPieces(bytes, [7, 1, 64])).toEqual(parseStructure(bytes));
      }),
      runs,
    );
  });
});
