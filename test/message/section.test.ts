import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findSection, type SectionKind } from '../../lib/message/section.ts';
import { parseStructure } from '../../lib/message/structure.ts';

const nested = readFileSync(new URL('fixtures/nested.eml', import.meta.url));

function section(message: Buffer, path: readonly number[], kind: SectionKind): string | undefined {
  const range = findSection(parseStructure(message).root, path, kind);
  return range && message.toString('latin1', range.start, range.end);
}

describe('section (RFC 9051 §6.4.5.1)', () => {
  it('is the whole message, its header, or its text', () => {
    const whole = nested.toString('latin1');
    const split = whole.indexOf('\n\n') + 2;
    expect(section(nested, [], 'full')).toBe(whole);
    expect(section(nested, [], 'header')).toBe(whole.slice(0, split));
    expect(section(nested, [], 'text')).toBe(whole.slice(split));
    expect(section(nested, [], 'mime')).toBeUndefined();
  });

  it.each<[number[], SectionKind, string | undefined]>([
    [[1], 'full', 'Sch=F6ne  Gr=FC=DFe aus dem Schwarz=\nwald.\n'],
    [[1], 'header', undefined],
    [[1], 'text', undefined],
    [[1, 1], 'full', undefined],
    [[2], 'mime', 'Content-Type: message/rfc822\nContent-Description: the forwarded message\n\n'],
    [[2], 'header', 'Subject: inner\nFrom: dora@example.com\nContent-Type: multipart/alternative; boundary=inner\n\n'],
    [[2, 1], 'full', 'inner plain'],
    [[2, 1], 'mime', '\n'],
    [[2, 2], 'full', 'PGI+aW5uZXI8L2I+IGh0bWw='],
    [[2, 3], 'full', undefined],
    [[3], 'full', 'aGlkZGVu\n'],
    [[4], 'full', undefined],
    [[0], 'full', undefined],
  ])('%j %s', (path, kind, expected) => {
    expect(section(nested, path, kind)).toBe(expected);
  });

  it('numbers the only part of a message that is no multipart', () => {
    const message = Buffer.from('A: b\n\nbody');
    expect(section(message, [1], 'full')).toBe('body');
    expect(section(message, [1], 'mime')).toBe('A: b\n\n');
    expect(section(message, [2], 'full')).toBeUndefined();
    expect(section(message, [1, 1], 'full')).toBeUndefined();
  });

  it('goes on into a message inside a message', () => {
    const message = Buffer.from('Content-Type: message/rfc822\n\nSubject: in\n\nbody');
    expect(section(message, [1], 'full')).toBe('Subject: in\n\nbody');
    expect(section(message, [1], 'text')).toBe('body');
    expect(section(message, [1, 1], 'full')).toBe('body');
    expect(section(message, [1, 1, 1], 'full')).toBeUndefined();
  });
});
