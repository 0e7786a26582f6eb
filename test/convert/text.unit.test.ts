import { describe, expect, it } from 'vitest';
import { CannotConvert } from '../../lib/convert/converted.ts';
import { encodeCharset, isWritableCharset } from '../../lib/convert/encode-charset.ts';
import { recodeHeader } from '../../lib/convert/header-words.ts';
import { convertText } from '../../lib/convert/text.ts';

describe('text/plain in other charsets (RFC 5259 §7.1)', () => {
  // Every charset that a server must read, and one character of it above ASCII.
  const required: readonly (readonly [charset: string, octet: number, text: string])[] = [
    ['iso-8859-1', 0xe9, 'é'],
    ['iso-8859-2', 0xb1, 'ą'],
    ['iso-8859-3', 0xa6, 'Ĥ'],
    ['iso-8859-4', 0xa2, 'ĸ'],
    ['iso-8859-5', 0xb0, 'А'],
    ['iso-8859-6', 0xc8, 'ب'],
    ['iso-8859-7', 0xe1, 'α'],
    ['iso-8859-8', 0xe0, 'א'],
    ['iso-8859-15', 0xa4, '€'],
  ];
  for (const [charset, octet, text] of required) {
    it(`${charset} to UTF-8, and back`, () => {
      const source = Buffer.from([0x61, octet]);
      expect(convertText(source, 'plain', charset, new Map()).bytes.toString()).toBe(`a${text}`);
      const back = convertText(Buffer.from(`a${text}`), 'plain', 'utf-8', new Map([['charset', charset]]));
      expect([back.charset, back.bytes]).toEqual([charset, source]);
    });
  }

  it('writes charsets of several octets a character', () => {
    for (const charset of ['gb18030', 'big5', 'euc-jp', 'euc-kr', 'shift_jis', 'koi8-r']) {
      expect(isWritableCharset(charset)).toBe(true);
      expect(encodeCharset('a', charset, undefined)).toEqual(Buffer.from('a'));
    }
    expect(encodeCharset('日本', 'shift_jis', undefined)).toEqual(Buffer.from([0x93, 0xfa, 0x96, 0x7b]));
  });

  it('does not write what has state, is no charset, or is unknown', () => {
    for (const charset of ['utf-7', 'iso-2022-jp', 'base64', 'hex', 'x-none', '']) {
      expect(isWritableCharset(charset)).toBe(false);
      expect(() => convertText(Buffer.from('x'), 'plain', '', new Map([['charset', charset]]))).toThrow(CannotConvert);
    }
    expect(() => convertText(Buffer.from('x'), 'plain', 'x-none', new Map())).toThrow(CannotConvert);
  });

  it('replaces each character that is lacking, and fails where the replacement is lacking too', () => {
    expect(encodeCharset('ä€😀', 'iso-8859-1', '[]')?.toString('latin1')).toBe('ä[][]');
    expect(encodeCharset('ä', 'us-ascii', 'é')).toBeUndefined();
    expect(encodeCharset('ä', 'us-ascii', '')?.toString()).toBe('');
  });
});

describe('headers in other charsets (RFC 5259 §6)', () => {
  const recode = (text: string, charset = 'utf-8'): string =>
    recodeHeader(Buffer.from(text, 'latin1'), charset).toString('latin1');

  it('encodes words again in the way they were, and leaves alone what it does not know', () => {
    expect(recode('Subject: =?iso-8859-1?q?a_=E9?=\r\n')).toBe('Subject: =?UTF-8?Q?a_=C3=A9?=\r\n');
    expect(recode('Subject: =?iso-8859-1?B?6Q==?= x =?x-none?Q?a?=')).toBe(
      'Subject: =?UTF-8?B?w6k=?= x =?x-none?Q?a?=',
    );
    expect(recode('Subject: =?utf-8?Q?=E2=82=AC?=', 'iso-8859-1')).toBe('Subject: =?utf-8?Q?=E2=82=AC?=');
  });

  it('makes no word longer than 75 characters, and cuts no character', () => {
    const long = recode(`=?iso-8859-1?Q?${'=E9'.repeat(40)}?=`);
    const words = long.split('\r\n ');
    expect(words.length).toBeGreaterThan(1);
    for (const word of words) {
      expect(word.length).toBeLessThanOrEqual(75);
      expect(word).toMatch(/^=\?UTF-8\?Q\?(?:=C3=A9)+\?=$/);
    }
  });
});
