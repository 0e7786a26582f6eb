import { describe, expect, it } from 'vitest';
import { Output } from '../../../gateway/imap/wire/write/output.ts';

describe('output', () => {
  it('joins what is small, in order', () => {
    const output = new Output()
      .text('* 1 ')
      .text('é ')
      .bytes(Buffer.from([0xff]))
      .text('\r\n');
    expect(output.pendingBytes).toBeGreaterThan(0);
    expect(output.take()).toEqual([Buffer.concat([Buffer.from('* 1 é '), Buffer.from([0xff]), Buffer.from('\r\n')])]);
    expect(output.take()).toEqual([]);
    expect(output.pendingBytes).toBe(0);
  });

  it('passes what is large through by reference', () => {
    const message = Buffer.alloc(100_000, 'x');
    const pieces = new Output().text('a').bytes(message).text('b').text('c').take();
    expect(pieces).toEqual([Buffer.from('a'), message, Buffer.from('bc')]);
    expect(pieces[1]?.buffer).toBe(message.buffer);
  });
});
