import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeUtf7, encodeUtf7 } from '../../../gateway/imap/wire/utf7.ts';

describe('modified UTF-7', () => {
  it.each([
    ['INBOX', 'INBOX'],
    ['~peter/mail/台北/日本語', '~peter/mail/&U,BTFw-/&ZeVnLIqe-'],
    ['Entwürfe', 'Entw&APw-rfe'],
    ['R&D', 'R&-D'],
    ['&', '&-'],
    ['😀', '&2D3eAA-'],
    ['Jo!', 'Jo!'],
  ])('%s', (name, wire) => {
    expect(encodeUtf7(name)).toBe(wire);
    expect(decodeUtf7(wire)).toBe(name);
  });

  it.each([
    ['a bare &', 'a&b'],
    ['no end', '&Jjo!'],
    ['two runs that should be one', '&U,BTFw-&ZeVnLIqe-'],
    ['ASCII in base64', '&AGE-'],
    ['bits left over', '&U,BTF2-'],
    ['half a character', '&U-'],
    ['padding', '&APw=-'],
    ['half a surrogate pair', '&2D0-'],
    ['a slash in base64', '&U/BTFw-'],
    ['8-bit text', 'é'],
    ['a control character', 'a\x01'],
  ])('refuses %s', (_, wire) => {
    expect(decodeUtf7(wire)).toBeNull();
  });

  it('has one spelling for every name', () => {
    const name = fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed());
    fc.assert(
      fc.property(name, (value) => {
        expect(decodeUtf7(encodeUtf7(value))).toBe(value);
      }),
    );
    const wire = fc.string({ unit: fc.constantFrom(...'&-,+AUwBTF2zé a') });
    fc.assert(
      fc.property(wire, (value) => {
        const decoded = decodeUtf7(value);
        if (decoded !== null) expect(encodeUtf7(decoded)).toBe(value);
      }),
    );
  });
});
