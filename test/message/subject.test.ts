import { describe, expect, it } from 'vitest';
import { baseSubject } from '../../lib/message/subject.ts';

describe('base subject (RFC 5256 §2.1)', () => {
  it.each([
    ['', '', false],
    ['plain', 'plain', false],
    ['Re: x', 'x', true],
    ['re[2]: FW: Fwd : x', 'x', true],
    ['  a \t b  ', 'a b', false],
    ['x (fwd) (FWD)  ', 'x', true],
    ['[list] x', 'x', false],
    ['[a] [b] Re: [c] x', 'x', true],
    ['[only]', '[only]', false],
    ['[fwd: [fwd: Re: x]]', 'x', true],
    ['=?utf-8?q?Re:_=C3=BC?=', 'ü', true],
    ['Reply: x', 'Reply: x', false],
    ['[open x', '[open x', false],
    ['Re:', '', true],
  ])('%s', (raw, text, isReplyOrForward) => {
    expect(baseSubject(raw)).toEqual({ text, isReplyOrForward });
  });

  it('is bounded for hostile input', () => {
    for (const piece of ['[', '[x]', 're:', '[fwd:', '(fwd)', ' '])
      expect(baseSubject(piece.repeat(100_000)).text.length).toBeLessThan(2001);
  });
});
