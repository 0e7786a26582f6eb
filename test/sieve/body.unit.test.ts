import { describe, expect, it } from 'vitest';
import { sieveLimits } from '../../lib/sieve/limits.ts';
import { actions, holds, problems } from './script.ts';

const nested = `From: Whomever
To: Someone
Date: Whenever
Subject: whatever
Content-Type: multipart/mixed; boundary=outer

This is a multi-part message in MIME format.

--outer
Content-Type: multipart/alternative; boundary=inner

This is a nested multi-part message in MIME format.

--inner
Content-Type: text/plain; charset="us-ascii"

Hello

--inner
Content-Type: text/html; charset="us-ascii"

<html><body>Hello</body></html>

--inner--

This is the end of the inner MIME multipart.

--outer
Content-Type: message/rfc822

From: Someone Else
Subject: hello request

Please say Hello

--outer--

This is the end of the outer MIME multipart.
`;

describe('RFC 5173, body', () => {
  const has = (test: string, mail = nested) => holds(`body ${test}`, mail, ['body']);

  it('§4 a header alone has no body, an empty body is one', () => {
    expect(has(':raw :contains ""', 'Subject: x\n')).toBe(false);
    expect(has(':contains ""', 'Subject: x\n')).toBe(false);
    expect(has(':raw :is ""', 'Subject: x\n\n')).toBe(true);
    expect(has(':raw :is ""', '\n')).toBe(true);
  });

  it('§5.1 raw: headers of parts and encodings as they are', () => {
    expect(has(':raw :contains "MAKE MONEY FAST"', 'A: b\n\nmake money fast\n')).toBe(true);
    expect(has(':raw :contains "--outer"')).toBe(true);
    expect(has(':raw :contains "Whomever"')).toBe(false);
    expect(has(':raw :contains "SGVsbG8="', 'Content-Transfer-Encoding: base64\n\nSGVsbG8=\n')).toBe(true);
  });

  it('§5.2 content: the example', () => {
    expect(has(':content "multipart" :contains "MIME"')).toBe(true);
    expect(has(':content "multipart" :contains "end of the inner"')).toBe(true);
    expect(has(':content "multipart" :contains "end of the outer"')).toBe(true);
    expect(has(':content "multipart" :contains ["Hello", "--inner", "--outer", "Content-Type"]')).toBe(false);
    expect(has(':content "text/plain" :contains "Hello"')).toBe(true);
    expect(has(':content "text/plain" :contains "html"')).toBe(false);
    expect(has(':content "text/plain" :contains "Please say"')).toBe(true);
    expect(has(':content "text/html" :contains "<body>Hello"')).toBe(true);
    expect(has(':content "text" :contains "html"')).toBe(true);
    expect(has(':content "message/rfc822" :contains "Hello"')).toBe(true);
    expect(has(':content "message/rfc822" :contains "Please"')).toBe(false);
    expect(has(':content ["/plain", "text/", "text/plain/x"] :contains ""')).toBe(false);
    expect(has(':content "" :contains "Someone Else"')).toBe(true);
    // A match cannot go over the end of a part.
    expect(has(':content "text" :matches "*Hello*Hello*"')).toBe(false);
  });

  it('§5.2 encodings and charsets are decoded', () => {
    const mail = `Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe\n`;
    expect(has(':content "text" :contains "Grüße"', mail)).toBe(true);
    expect(has(':contains "Grüße"', mail)).toBe(true);
    const base64 = 'Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nbWlzc2lsZQ==\n';
    expect(
      actions(
        'require ["body", "fileinto"]; if body :content "text" :contains ["missile", "coordinates"] { fileinto "secrets"; }',
        base64,
      ),
    ).toEqual(['fileinto secrets']);
    const audio = 'Content-Type: audio/mp3\n\nx\n';
    expect(has(':content "audio/mp3" :contains ""', audio)).toBe(true);
    expect(has(':content "audio/mp3" :contains ""')).toBe(false);
  });

  it('§5.3 text: without markup', () => {
    expect(has(':text :contains "project schedule"', 'A: b\n\nThe project schedule.\n')).toBe(true);
    expect(
      has(':text :contains "project schedule"', 'Content-Type: text/html\n\n<p>The <b>project</b> schedule</p>'),
    ).toBe(true);
    expect(has(':text :contains "<body>"')).toBe(false);
    expect(problems('require "body"; if body :raw :text "x" {}')).toEqual([
      '1:30 ":raw" and ":text" cannot be given together.',
    ]);
  });

  it('§6 no match variables', () => {
    const script = `require ["body", "variables", "imap4flags"];
      if header :matches "subject" "wh*" { if body :matches "*" { addflag "x\${1}"; } }`;
    expect(actions(script, nested)).toEqual(['implicit keep flags=xatever']);
  });

  it('looks at so many bytes and no more, and each look is counted', () => {
    const long = `A: b\n\n${'x'.repeat(2000)}needle\n`;
    for (const transform of [':raw', ':text', ':content ""']) {
      const test = `body ${transform} :contains "needle"`;
      expect(holds(test, long, ['body'])).toBe(true);
      expect(holds(test, long, ['body'], { limits: { bodyBytes: 1000 } })).toBe(false);
    }
    expect(sieveLimits.bodyBytes).toBe(16 * 1024 * 1024);
    const many = `require "body"; ${'if body :contains "q" {} '.repeat(100)}`;
    expect(actions(many, long, { limits: { steps: 1000 } })[1]).toMatch(/too many steps/);
  });
});
