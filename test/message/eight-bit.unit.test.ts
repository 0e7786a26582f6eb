import { describe, expect, it } from 'vitest';
import { EightBitHeader } from '../../lib/message/eight-bit.ts';

function munged(text: string, pieceBytes: number): { text: string; found: boolean } {
  const header = new EightBitHeader();
  const bytes = Buffer.from(text, 'latin1');
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) out.push(header.push(bytes.subarray(at, at + pieceBytes)));
  return { text: Buffer.concat(out).toString('latin1'), found: header.found };
}

describe('bytes beyond ASCII in a header', () => {
  it.each([1, 2, 3, 7, 1000])('are replaced up to the blank line, in pieces of %i', (pieceBytes) => {
    expect(munged('Subject: h\xe4i\r\n\xff: x\r\n\r\nb\xe4\r\n', pieceBytes)).toEqual({
      text: 'Subject: hXi\r\nX: x\r\n\r\nb\xe4\r\n',
      found: true,
    });
  });

  it('are not looked for in the body, which may be all there is', () => {
    expect(munged('A: b\r\n\r\n\xe4', 3)).toEqual({ text: 'A: b\r\n\r\n\xe4', found: false });
    expect(munged('\r\n\xe4', 1)).toEqual({ text: '\r\n\xe4', found: false });
    expect(munged('', 1)).toEqual({ text: '', found: false });
  });
});
