import { describe, expect, it } from 'vitest';
import { messageLimits } from '../../lib/message/limits.ts';
import { type Part, walkParts } from '../../lib/message/part.ts';
import { parseStructure } from '../../lib/message/structure.ts';

/** A message from lines, joined with CRLF. */
function crlf(...lines: string[]): Buffer {
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

function parse(message: Buffer): Part {
  return parseStructure(message).root;
}

/** The tree as nested types, to compare shapes at a glance. */
function shape(part: Part): unknown {
  const type = `${part.type}/${part.subtype}`;
  if (part.message !== undefined) return [type, shape(part.message.body)];
  return part.children.length === 0 ? type : [type, ...part.children.map(shape)];
}

describe('hostile messages', () => {
  const unlimited = { ...messageLimits, maxParts: 100_000, maxPartHeaderBytes: 100_000_000 };

  it('describes 50,000 parts, or as many as the limit says', () => {
    const message = Buffer.from(
      `Content-Type: multipart/x; boundary=b\n\n${'--b\nX: y\n\nz\n'.repeat(50_000)}--b--\nend`,
    );
    expect(parseStructure(message, unlimited).root.children).toHaveLength(50_000);
    const { root } = parseStructure(message);
    expect(root.children).toHaveLength(messageLimits.maxParts - 1);
    expect(root.bodyEnd).toBe(message.length);
  });

  it('is opaque below the greatest depth: multiparts', () => {
    let text = '';
    for (let i = 0; i < 10_000; i++) text += `Content-Type: multipart/x; boundary=b${i}\n\n--b${i}\n`;
    const parts = [...walkParts(parse(Buffer.from(text)))];
    expect(parts).toHaveLength(messageLimits.maxDepth);
    expect(parts.at(-1)).toMatchObject({ type: 'application', subtype: 'octet-stream', bodyEnd: text.length });
  });

  it('is opaque below the greatest depth: messages', () => {
    const parts = [...walkParts(parse(Buffer.from('Content-Type: message/rfc822\n\n'.repeat(10_000))))];
    expect(parts).toHaveLength(messageLimits.maxDepth);
    expect(parts.at(-1)).toMatchObject({ type: 'application', subtype: 'octet-stream' });
  });

  it('closes 10,000 multiparts that share one boundary', () => {
    const open = 'Content-Type: multipart/x; boundary=b\n\n--b\n'.repeat(10_000);
    expect([...walkParts(parse(Buffer.from(`${open}${'--b--\n'.repeat(10_000)}`)))].length).toBeLessThan(10_100);
  });

  it('keeps no more of all part headers than the limit', () => {
    const part = `--b\nContent-Type: text/html\nX: ${'y'.repeat(1000)}\n\n`;
    const limits = { ...messageLimits, maxPartHeaderBytes: 1500 };
    const { children } = parseStructure(
      Buffer.from(`Content-Type: multipart/x; boundary=b\n\n${part.repeat(3)}`),
      limits,
    ).root;
    expect(children.map((child) => child.subtype)).toEqual(['html', 'html', 'plain']);
  });

  it.each([
    ['--b', ' ', 'x\n'],
    ['--', ' ', 'x\n'],
    ['--b', '\t', '\n'],
  ])('looks for delimiters in short lines only: %j, many %j, %j', (start, padding, end) => {
    const line = (bytes: number) => start + padding.repeat(bytes - start.length) + end;
    const message = Buffer.from(`Content-Type: multipart/x; boundary=b\n\n--b\n\n${line(1001).repeat(2000)}`);
    expect(parse(message).children).toHaveLength(1);
    const short = Buffer.from(`Content-Type: multipart/x; boundary=b\n\n--b\n\n${line(999).repeat(2)}`);
    expect(parse(short).children).toHaveLength(padding === '\t' ? 3 : 1);
  });

  it('ignores a boundary longer than any sender makes', () => {
    for (const boundary of ['x'.repeat(251), `${' '.repeat(200_000)}x`]) {
      expect(shape(parse(Buffer.from(`Content-Type: multipart/x; boundary="${boundary}"\n\n--${boundary}\n\n`)))).toBe(
        'text/plain',
      );
    }
  });

  it('survives parameters without end', () => {
    const value = `a/b; ${'x=1; '.repeat(10_000)}${'('.repeat(50_000)}`;
    expect(parse(crlf(`Content-Type: ${value}`, '', '')).params).toHaveLength(64);
  });
});
