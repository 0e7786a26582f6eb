import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bodyStructure } from '../../../gateway/imap/wire/write/body-structure.ts';
import { envelope } from '../../../gateway/imap/wire/write/envelope.ts';
import { readEnvelope } from '../../../lib/message/envelope.ts';
import { parseStructure } from '../../../lib/message/structure.ts';

const rev1 = { utf8: false };
const rev2 = { utf8: true };
const lines = (...all: string[]) => Buffer.from(all.map((line) => `${line}\r\n`).join(''));
const envelopeOf = (...header: string[]) => envelope(readEnvelope(lines(...header, '')), rev1);

describe('ENVELOPE', () => {
  it('is the RFC example (RFC 9051 §6.4.5, §8)', () => {
    const written = envelopeOf(
      'Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)',
      'From: Terry Gray <gray@cac.washington.edu>',
      'Subject: IMAP4rev2 WG mtg summary and minutes',
      'To: imap@cac.washington.edu',
      'cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>',
      'Message-Id: <B27397-0100000@cac.washington.ed>',
    );
    const gray = '(("Terry Gray" NIL "gray" "cac.washington.edu"))';
    expect(written).toBe(
      `("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" ${gray} ${gray} ${gray} ` +
        '((NIL NIL "imap" "cac.washington.edu")) ((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) ' +
        'NIL NIL "<B27397-0100000@cac.washington.ed>")',
    );
  });

  it('marks groups by a NIL host, and never an address without a domain', () => {
    expect(envelopeOf('To: friends: joe, Ann <ann@x.org>;')).toBe(
      '(NIL NIL NIL NIL NIL ((NIL NIL "friends" NIL)(NIL NIL "joe" "")("Ann" NIL "ann" "x.org")(NIL NIL NIL NIL)) NIL NIL NIL NIL)',
    );
  });

  it('8-bit text is a literal, or quoted in IMAP4rev2', () => {
    const header = readEnvelope(lines('Subject: Grüße', ''));
    expect(envelope(header, rev1)).toContain('(NIL {7}\r\nGrüße NIL');
    expect(envelope(header, rev2)).toContain('(NIL "Grüße" NIL');
  });
});

describe('BODYSTRUCTURE', () => {
  it('of a text part (RFC 9051 §7.5.2)', () => {
    const message = lines('Content-Type: text/plain; charset="US-ASCII"', '', 'one', 'two');
    const { root } = parseStructure(message);
    expect(bodyStructure(root, 'BODY', rev1)).toBe('("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 10 2)');
    expect(bodyStructure(root, 'BODYSTRUCTURE', rev1)).toBe(
      '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 10 2 NIL NIL NIL NIL)',
    );
  });

  it('of a multipart with an attachment and a message', () => {
    const message = lines(
      'Content-Type: multipart/mixed; boundary=b',
      'Content-Language: de, en',
      '',
      '--b',
      'Content-Type: image/png; name="a.png"',
      'Content-Transfer-Encoding: base64',
      'Content-Disposition: attachment; filename="a \\"b\\".png"',
      'Content-Id: <1@x>',
      'Content-Description: a picture',
      'Content-MD5: Q2hlY2s=',
      'Content-Language: de',
      'Content-Location: http://x/a.png',
      '',
      'QUJD',
      '--b',
      'Content-Type: message/rfc822',
      '',
      'Subject: inner',
      '',
      'text',
      '--b--',
    );
    const { root } = parseStructure(message);
    const picture = '"IMAGE" "PNG" ("NAME" "a.png") "<1@x>" "a picture" "BASE64" 4';
    const inner =
      '"MESSAGE" "RFC822" NIL NIL NIL "7BIT" 22 (NIL "inner" NIL NIL NIL NIL NIL NIL NIL NIL) ("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 4 0';
    expect(bodyStructure(root, 'BODY', rev1)).toBe(`((${picture})(${inner}) 2) "MIXED")`);
    expect(bodyStructure(root, 'BODYSTRUCTURE', rev1)).toBe(
      `((${picture} "Q2hlY2s=" ("ATTACHMENT" ("FILENAME" "a \\"b\\".png")) "de" "http://x/a.png")` +
        `(${inner} NIL NIL NIL NIL) 2 NIL NIL NIL NIL) "MIXED" ("BOUNDARY" "b") NIL ("de" "en") NIL)`,
    );
  });

  it('stays balanced whatever the message says', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'Content-Type: multipart/mixed; boundary=b\r\n',
        '\r\n--b\r\n',
        '--b--\r\n',
        '\r\n',
        'Subject: ',
        'From: ',
      ),
      fc.constantFrom(
        'Content-Type: message/rfc822\r\n\r\n',
        'Content-Type: text/x; a="(\\""; b*=x\r\n',
        '"',
        '(',
        '<a@b>',
        ':;',
        '\\',
      ),
      fc.string({ unit: 'binary', maxLength: 10 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const { root } = parseStructure(Buffer.from(pieces.join('')));
        for (const dialect of [rev1, rev2]) {
          const written = Buffer.from(bodyStructure(root, 'BODYSTRUCTURE', dialect));
          expect(restAfterValue(written)).toBe('');
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** Walks over one parenthesised value with its strings and literals, as a client does; what follows it is returned. */
function restAfterValue(wire: Buffer): string {
  const text = wire.toString('latin1');
  let at = 0;
  let depth = 0;
  do {
    const token = /\(|\)| |NIL|\d+|"(?:[^"\\\r\n\0]|\\["\\])*"|\{(\d+)\}\r\n/y;
    token.lastIndex = at;
    const match = token.exec(text);
    if (match === null) return text.slice(at);
    at += match[0].length + Number(match[1] ?? 0);
    if (match[0] === '(') depth++;
    if (match[0] === ')') depth--;
  } while (depth > 0);
  return text.slice(at);
}
