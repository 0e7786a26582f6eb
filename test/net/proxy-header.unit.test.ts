import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProxyHeaderError, parseProxyHeader } from '../../gateway/net/proxy-header.ts';
import { proxyLimits } from '../../lib/base/limits.ts';

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';

/** A header of version 2. */
function version2(command: number, family: number, block: readonly number[], length = block.length): Buffer {
  return Buffer.from([...Buffer.from(SIGNATURE, 'latin1'), command, family, length >> 8, length & 255, ...block]);
}

const IPV4 = [192, 0, 2, 7, 198, 51, 100, 1, 0x9c, 0x40, 0, 143];
const IPV6 = [0x20, 1, 0x0d, 0xb8, ...Array(11).fill(0), 7, ...Array(16).fill(1), 0x9c, 0x40, 0, 143];
const DRESSED = [...Array(10).fill(0), 255, 255, 192, 0, 2, 7, ...Array(16).fill(1), 0x9c, 0x40, 0, 143];
const TLV = [0x04, 0, 2, 0, 0];

describe('headers', () => {
  const four = { address: '192.0.2.7', port: 40_000 };
  const six = { address: '2001:db8::7', port: 40_000 };
  it.each([
    ['version 1, IPv4', Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 40000 143\r\n'), four],
    ['version 1, IPv6', Buffer.from('PROXY TCP6 2001:DB8:0:0::7 2001:db8::1 40000 143\r\n'), six],
    ['version 1, IPv4 in IPv6', Buffer.from('PROXY TCP6 ::ffff:192.0.2.7 ::1 40000 143\r\n'), four],
    [
      'version 1, the longest',
      Buffer.from(`PROXY UNKNOWN ${`${'f'.repeat(4)}:`.repeat(7)}ffff ${'x'.repeat(51)}\r\n`),
      undefined,
    ],
    ['version 1, unknown', Buffer.from('PROXY UNKNOWN\r\n'), undefined],
    ['version 2, IPv4', version2(0x21, 0x11, IPV4), four],
    ['version 2, IPv4 and more', version2(0x21, 0x11, [...IPV4, ...TLV]), four],
    ['version 2, IPv6', version2(0x21, 0x21, IPV6), six],
    ['version 2, IPv4 in IPv6', version2(0x21, 0x21, DRESSED), four],
    ['version 2, a health check', version2(0x20, 0x00, []), undefined],
    ['version 2, a health check with addresses', version2(0x20, 0x11, IPV4), undefined],
    ['version 2, a Unix socket', version2(0x21, 0x31, Array(216).fill(0)), undefined],
    ['version 2, unspecified', version2(0x21, 0x00, TLV), undefined],
  ] as const)('%s', (_, header, client) => {
    const whole = Buffer.concat([header, Buffer.from('a LOGIN anna secret\r\n')]);
    expect(parseProxyHeader(whole)).toEqual({ bytes: header.length, client });
    for (let length = 0; length < header.length; length++)
      expect(parseProxyHeader(header.subarray(0, length))).toBeUndefined();
  });
});

describe('what is none', () => {
  it.each([
    ['a command', 'a LOGIN anna secret\r\n'],
    ['a TLS hello', '\x16\x03\x01\x02\x00'],
    ['a wrong signature', '\r\n\r\n\0\r\nQUIX'],
    ['lower case', 'proxy TCP4 192.0.2.7 198.51.100.1 1 2\r\n'],
    ['no family', 'PROXY \r\n'],
    ['another family', 'PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n'],
    ['an address of the other family', 'PROXY TCP4 ::1 198.51.100.1 1 2\r\n'],
    ['no address', 'PROXY TCP4 example.org 198.51.100.1 1 2\r\n'],
    ['a zone', 'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n'],
    ['half an address', 'PROXY TCP4 192.0.2 198.51.100.1 1 2\r\n'],
    ['leading zeros', 'PROXY TCP4 192.0.2.7 198.51.100.1 01 2\r\n'],
    ['a port beyond', 'PROXY TCP4 192.0.2.7 198.51.100.1 65536 2\r\n'],
    ['a port less', 'PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n'],
    ['a word more', 'PROXY TCP4 192.0.2.7 198.51.100.1 1 2 3\r\n'],
    ['two spaces', 'PROXY TCP4  192.0.2.7 198.51.100.1 1 2\r\n'],
    ['a line feed alone', `PROXY TCP4 192.0.2.7 198.51.100.1 1 2\n${'x'.repeat(107)}`],
    ['a line that does not end (version1Bytes)', `PROXY UNKNOWN ${'x'.repeat(proxyLimits.version1Bytes - 14)}`],
    ['another version', version2(0x11, 0x11, IPV4)],
    ['another command', version2(0x22, 0x11, IPV4)],
    ['UDP', version2(0x21, 0x12, IPV4)],
    ['another family', version2(0x21, 0x41, IPV4)],
    ['an IPv4 block that is too short', version2(0x21, 0x11, IPV4.slice(1))],
    ['an IPv6 block that is too short', version2(0x21, 0x21, IPV6.slice(1))],
    ['a length beyond what we take (version2Bytes)', version2(0x21, 0x11, [], proxyLimits.version2Bytes - 15)],
  ])('%s', (_, input) => {
    expect(() => parseProxyHeader(typeof input === 'string' ? Buffer.from(input, 'latin1') : input)).toThrow(
      ProxyHeaderError,
    );
  });

  it('nothing else is thrown, and no more is taken than there is', () => {
    const headers = fc.tuple(
      fc.constantFrom(Buffer.from(SIGNATURE, 'latin1'), Buffer.from('PROXY '), Buffer.alloc(0)),
      fc.uint8Array({ maxLength: 120 }),
    );
    fc.assert(
      fc.property(headers, ([start, rest]) => {
        const input = Buffer.concat([start, rest]);
        try {
          const header = parseProxyHeader(input);
          expect(header === undefined || header.bytes <= input.length).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(ProxyHeaderError);
        }
      }),
    );
  });
});
