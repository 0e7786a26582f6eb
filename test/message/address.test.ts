import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AddressEntry, addressSpec, mailboxesOf, parseAddressList } from '../../lib/message/address.ts';

/** One line for each entry: `name <adl|mailbox|host>`, `group:` or `;`. */
function show(entry: AddressEntry): string {
  if (entry.kind === 'group') return `${entry.name}:`;
  if (entry.kind === 'group-end') return ';';
  return `${entry.name ?? '-'} <${entry.adl ?? '-'}|${entry.mailbox}|${entry.host}>`;
}

const cases: [text: string, entries: string[]][] = [
  ['', []],
  [' , ,', []],
  ['a@b', ['- <-|a|b>']],
  ['A B <a@b>', ['A B <-|a|b>']],
  ['"A, \\"B\\"" <a@b>, c@d', ['A, "B" <-|a|b>', '- <-|c|d>']],
  ['"A" B "C" <a@b>', ['A B C <-|a|b>']],
  ['=?utf-8?Q?A?= =?utf-8?Q?B?= <a@b>', ['=?utf-8?Q?A?= =?utf-8?Q?B?= <-|a|b>']],
  ['a@b (A (nested) B)', ['A (nested) B <-|a|b>']],
  ['a(x)@(y)b.(z)c', ['x <-|a|b.c>']],
  ['<@x,@y:a@b>', ['- <@x,@y|a|b>']],
  ['"a b"@c', ['- <-|a b|c>']],
  ['a . b @ c . d', ['- <-|a . b|c.d>']],
  ['a@[192.0.2.1]', ['- <-|a|[192.0.2.1]>']],
  ['Team: a@b, C <c@d>;, e@f', ['Team:', '- <-|a|b>', 'C <-|c|d>', ';', '- <-|e|f>']],
  ['undisclosed-recipients:;', ['undisclosed-recipients:', ';']],
  ['Open: a@b', ['Open:', '- <-|a|b>', ';']],
  ['<>', ['- <-||>']],
  ['postmaster', ['- <-|postmaster|>']],
  ['Just A Name', ['- <-|Just A Name|>']],
  // Broken, but sent.
  ['a@b <c@d>', ['a@b <-|c|d>']],
  ['<a@b', ['- <-|a|b>']],
  ['<a@b, c@d', ['- <-|a|b>', '- <-|c|d>']],
  ['a@b>', ['- <-|a|b>']],
  ['a@b;c@d', ['- <-|a|b>', '- <-|c|d>']],
  ['A <a@b> B <c@d>', ['A <-|a|b>', 'B <-|c|d>']],
  ['"open a@b', ['- <-|open a@b|>']],
  ['(open a@b', []],
  ['x:y@z', ['x:', '- <-|y|z>', ';']],
  ['a@b:c@d', ['- <-|a@b:c|d>']],
  // A quoted text or an earlier "@" must not become the address.
  ['"xclow3n@gmail.com x"@internal.domain', ['- <-|xclow3n@gmail.com x|internal.domain>']],
  ['"<evil@x>" <good@y>', ['<evil@x> <-|good|y>']],
  ['evil@x good@y', ['- <-|evil@x good|y>']],
  ['<evil@x@y>', ['- <-|evil@x|y>']],
];

describe('address list', () => {
  it.each(cases)('%s', (text, entries) => {
    expect(parseAddressList(text).map(show)).toEqual(entries);
  });

  it('has every group closed, whatever comes', () => {
    const words = fc.constantFrom('a', '@', 'b', '<', '>', ',', ';', ':', '"', '(', ')', '[', ']', '\\', ' ', '.', 'é');
    fc.assert(
      fc.property(fc.array(words, { maxLength: 40 }), (parts) => {
        let open = 0;
        for (const entry of parseAddressList(parts.join(''))) {
          if (entry.kind === 'group') open++;
          if (entry.kind === 'group-end') open--;
          expect(open === 0 || open === 1).toBe(true);
        }
        expect(open).toBe(0);
      }),
    );
  });

  it('reads back what it writes', () => {
    const local = fc
      .string({ unit: fc.constantFrom('a', '.', '@', '"', '\\', ' ', ',', '<', 'ü') })
      .filter((text) => text !== '');
    fc.assert(
      fc.property(local, (mailbox) => {
        const spec = addressSpec({ mailbox, host: 'x.org' });
        expect(mailboxesOf(parseAddressList(`N <${spec}>`))).toMatchObject([{ mailbox, host: 'x.org' }]);
      }),
    );
  });

  it('is bounded for hostile input', () => {
    for (const piece of ['(', '<', '"', '<@', '[', 'a@b,', ':', '\\', ';']) {
      expect(parseAddressList(piece.repeat(100_000)).length).toBeLessThan(10_001);
    }
  });
});
