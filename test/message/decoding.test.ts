import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { charsetDecoder, decodeCharset } from '../../lib/message/charset.ts';
import { decodeExtended, decodeWords, paramText } from '../../lib/message/encoded-word.ts';
import { decodeTransfer, transferDecoder } from '../../lib/message/transfer-encoding.ts';

const decoded = (text: string, encoding: string) =>
  decodeTransfer(Buffer.from(text, 'latin1'), encoding)?.toString('latin1');

describe('encoded words', () => {
  it.each([
    ['plain', 'plain'],
    ['=?iso-8859-1?q?a=FCb_c?= d', 'aüb c d'],
    ['=?UTF-8*de?B?w7w=?= =?utf-8?b?w7w=?=', 'üü'],
    ['=?utf-8?b?w7w=?=  x  =?utf-8?b?w7w=?=', 'ü  x  ü'],
    ['=?utf-8?b?4oI=?= =?utf-8?Q?=AC?=', '€'],
    ['=?utf-8?q?a?= =?iso-8859-1?q?=FC?=', 'aü'],
    ['=?utf-8?q?a b?=', 'a b'],
    ['=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=', '日本'],
    ['=?gb18030?B?1tDOxA==?=', '中文'],
    ['=?utf-7?Q?+AOQ-?=', 'ä'],
    ['=?x-unknown?Q?=FC?=', 'ü'],
    ['=?utf-8?x?abc?=', '=?utf-8?x?abc?='],
    ['=?utf-8?q?open', '=?utf-8?q?open'],
    ['=?=?utf-8?q?a?=', '=?a'],
    ['=?utf-8?q??=', ''],
  ])('%s', (text, expected) => {
    expect(decodeWords(text)).toBe(expected);
  });

  it('read parameters, extended or not', () => {
    expect(paramText([['name*', "utf-8'de'%e2%82%ac%"]], 'name')).toBe('€%');
    expect(paramText([['name', '=?utf-8?q?=C3=BC?=']], 'name')).toBe('ü');
    expect(
      paramText(
        [
          ['name', 'a'],
          ['name*', "''b"],
        ],
        'name',
      ),
    ).toBe('b');
    expect(paramText([], 'name')).toBeUndefined();
    expect(decodeExtended('100%25')).toBe('100%');
  });

  it('is bounded for hostile input', () => {
    for (const piece of ['=?', '=?a?b?', '=?utf-8?q?=', "'", '=?a?q?b?= ']) {
      expect(decodeWords(piece.repeat(50_000)).length).toBeLessThan(1_000_000);
    }
  });
});

describe('charset', () => {
  it.each([
    ['utf-8', 'c3bc', 'ü'],
    ['ISO-8859-1', 'fc', 'ü'],
    ['us-ascii', 'c3bc', 'ü'],
    ['us-ascii', 'fc41', 'üA'],
    ['cp437', '81', 'ü'],
    ['CP850', '81', 'ü'],
    ['windows-1252', '80', '€'],
    ['koi8-r', 'c1', 'а'],
    ['iso-2022-kr', 'fc', 'ü'],
    ['base64', 'fc', 'ü'],
    ['utf-16be', '20ac', '€'],
    ['', '', ''],
  ])('%s %s', (charset, hex, text) => {
    expect(decodeCharset(Buffer.from(hex, 'hex'), charset)).toBe(text);
  });

  it('decodes in pieces what it decodes at once', () => {
    for (const charset of ['utf-8', 'us-ascii', 'iso-2022-jp', 'utf-7', 'shift_jis']) {
      const decoder = charsetDecoder(charset);
      const bytes = charset === 'utf-8' || charset === 'us-ascii' ? Buffer.from('a€𝄞z') : Buffer.from('+AOQ- abc');
      const text = [...bytes].map((byte) => decoder.write(Buffer.of(byte))).join('') + decoder.end();
      expect(text).toBe(decodeCharset(bytes, charset));
    }
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.uint8Array(), (charset, bytes) => {
        expect(typeof decodeCharset(bytes, charset)).toBe('string');
      }),
    );
  });
});

describe('transfer encoding', () => {
  it.each([
    ['base64', 'aGFsbG8=', 'hallo'],
    ['base64', 'aGF\r\n sb!G8', 'hallo'],
    ['BASE64', 'YQ==YQ==', 'aa'],
    ['base64', 'YQ', 'a'],
    ['quoted-printable', 'a=FC=fc=\r\nb=\nc  \t\r\nd=3D', 'a\xfc\xfcbc\r\nd='],
    ['quoted-printable', 'a=  \r\nb', 'ab'],
    ['quoted-printable', 'a=xy=G1=4', 'a=xy=G1=4'],
    ['quoted-printable', 'a b\tc\rd ', 'a b\tc\rd'],
    ['quoted-printable', '==41=', '=A'],
    ['8bit', '\xfc', '\xfc'],
    ['', 'x', 'x'],
  ])('%s %s', (encoding, text, expected) => {
    expect(decoded(text, encoding)).toBe(expected);
  });

  it('is undefined when unknown', () => {
    expect(decodeTransfer(Buffer.from('x'), 'x-uuencode')).toBeUndefined();
  });

  it('decodes in pieces what it decodes at once', () => {
    const text = fc
      .array(fc.constantFrom('=', '4', '1', ' ', '\r', '\n', 'x', '=\r\n', 'YWI'), { maxLength: 60 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.constantFrom('base64', 'quoted-printable'), (source, encoding) => {
        const decoder = transferDecoder(encoding);
        const pieces = [...Buffer.from(source)].map((byte) => decoder?.write(Buffer.of(byte)) ?? Buffer.alloc(0));
        const whole = decodeTransfer(Buffer.from(source), encoding);
        expect(Buffer.concat([...pieces, decoder?.end() ?? Buffer.alloc(0)])).toEqual(Buffer.from(whole ?? []));
      }),
      { numRuns: 1000 },
    );
  });

  it('undoes base64', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = Buffer.from(bytes).toString('base64');
        expect(decodeTransfer(Buffer.from(text), 'base64')).toEqual(Buffer.from(bytes));
      }),
    );
  });
});
