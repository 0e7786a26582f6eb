import { describe, expect, it } from 'vitest';
import { sieveLimits } from '../../lib/sieve/limits.ts';
import { actions, edited, holds, outcome, problems } from './script.ts';

const mail = `From: boss@example.org
Subject: Files
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=o
Content-From: tim@example.com

--o
Content-Type: multipart/alternative; boundary=i

--i
Content-Type: text/plain; charset=utf-8

Hällo Wörld
--i
Content-Type: text/html
Content-MD5: abc

<p>Hi</p>
--i--
--o
Content-Type: application/PDF; name="x.pdf"
Content-Disposition: attachment; filename*=utf-8''important%20%C3%BC.pdf

%PDF
--o
Content-Type: application/octet-stream
Content-Disposition: attachment; filename="run.com"

MZ
--o--
`;
const plain = 'From: boss@example.org\nSubject: One\nContent-Type: text/plain\n\nJust text\n';
const requires = ['mime', 'relational', 'comparator-i;ascii-numeric'];

/** The flags that a loop leaves behind. */
function walked(body: string, message = mail): string {
  const list = '"foreverypart", "mime", "variables", "imap4flags", "extracttext", "include"';
  const [first = '', failed] = actions(`require [${list}]; ${body}`, message);
  if (failed !== undefined) throw new Error(failed);
  return first.replace(/^implicit keep( flags=)?/, '');
}

const note = 'if header :mime :matches :contenttype "content-type" "*" { addflag "${0}"; }';

describe('RFC 5703, foreverypart', () => {
  it('§3 depth first, the message itself first', () => {
    expect(walked(`foreverypart { ${note} }`)).toBe(
      'multipart/mixed multipart/alternative text/plain text/html application/PDF application/octet-stream',
    );
    expect(walked(`foreverypart { ${note} }`, plain)).toBe('text/plain');
    expect(walked('foreverypart { addflag "once"; }', 'A: b')).toBe('once');
  });

  it('§3 a loop inside goes through the parts inside', () => {
    const inner = 'if header :mime :subtype "content-type" "alternative"';
    expect(walked(`foreverypart { ${inner} { foreverypart { ${note} } } }`)).toBe('text/plain text/html');
    expect(walked('foreverypart { foreverypart { addflag "x"; } }', plain)).toBe('');
  });

  it('§3 break, with and without a name', () => {
    const html = 'if header :mime :subtype "content-type" "html"';
    expect(walked(`foreverypart { ${note} ${html} { break; } }`)).toMatch(/text\/html$/);
    expect(
      walked(
        `foreverypart :name "a" { foreverypart :name "b" { ${note} ${html} { break :name "a"; } } } addflag "end";`,
      ),
    ).toBe('multipart/alternative text/plain text/html end');
    expect(walked(`foreverypart { addflag "o"; foreverypart { addflag "i"; break; } stop; }`)).toBe('o i');
    expect(problems('require "foreverypart"; break;')).toEqual(['1:25 "break" must stand inside "foreverypart".']);
    expect(actions('require "foreverypart"; foreverypart { break :name "x"; }', plain)[1]).toMatch(
      /No loop around this "break" has the name "x"/,
    );
  });

  it('a loop of many parts costs steps', () => {
    const many = `Content-Type: multipart/mixed; boundary=b\n\n${'--b\n\nx\n'.repeat(2000)}--b--\n`;
    const nested = 'require "foreverypart"; foreverypart { foreverypart { foreverypart { keep; } } }';
    expect(outcome(nested, many).failure).toBeUndefined();
    expect(
      outcome('require "foreverypart"; foreverypart { keep; }', many, { limits: { steps: 1000 } }).failure?.message,
    ).toMatch(/too many steps/);
  });
});

describe('RFC 5703, mime', () => {
  const has = (test: string, message = mail) => holds(test, message, requires);

  it('§4.1 header', () => {
    expect(has('header :mime :type "Content-Type" "image"')).toBe(false);
    expect(has('header :mime :type "Content-Type" "multipart"')).toBe(true);
    expect(has('header :mime :anychild :contenttype "Content-Type" "text/html"')).toBe(true);
    expect(has('header :mime :contenttype "Content-Type" "text/html"')).toBe(false);
    expect(has('header :mime :anychild :type "content-disposition" "attachment"')).toBe(true);
    expect(has('header :mime :anychild :subtype "content-disposition" ""')).toBe(true);
    expect(has('header :mime :anychild :type "content-md5" ""')).toBe(true);
    expect(has('header :mime :anychild :param "filename" "content-disposition" "important ü.pdf"')).toBe(true);
    expect(has('header :mime :anychild :param ["x", "NAME"] "content-type" "x.pdf"')).toBe(true);
    expect(has('header :mime :anychild "content-md5" "abc"')).toBe(true);
    expect(has('header :mime :anychild :count "eq" :comparator "i;ascii-numeric" :type "content-type" "6"')).toBe(true);
    expect(
      has(
        'header :mime :anychild :count "eq" :comparator "i;ascii-numeric" :param "filename" "content-disposition" "2"',
      ),
    ).toBe(true);
    expect(problems('require "mime"; if header :anychild "a" "b" {}')).toEqual([
      '1:20 ":anychild" can only be given together with ":mime".',
    ]);
  });

  it('§4.1 the example with a loop; its size is a number', () => {
    const script = `require ["mime", "foreverypart", "fileinto"];
      foreverypart { if allof (header :mime :param "filename" :contains "Content-Disposition" "important",
        header :mime :subtype "Content-Type" "pdf", size :over SIZE) { fileinto "INBOX.important"; break; } }`;
    expect(problems(script.replace('SIZE', '"100K"'))).toHaveLength(1);
    expect(actions(script.replace('SIZE', '100K'), mail)).toEqual(['implicit keep']);
    expect(actions(script.replace('SIZE', '100'), mail)).toEqual(['fileinto INBOX.important']);
  });

  it('§4.2, §4.3 address and exists', () => {
    expect(has('address :mime :is :all "content-from" "tim@example.com"')).toBe(true);
    expect(has('exists :mime :anychild "content-md5"')).toBe(true);
    expect(has('exists :mime "content-md5"')).toBe(false);
    expect(has('exists :mime :anychild ["content-md5", "x-none"]')).toBe(false);
    // Without :mime a test looks at the header of the message, in a loop as well.
    const outer = 'require ["foreverypart", "imap4flags"]; foreverypart { if not exists "subject" { addflag "x"; } }';
    expect(actions(outer, mail)).toEqual(['implicit keep']);
  });
});

describe('RFC 5703, extracttext', () => {
  it('§7, §9.3 the example', () => {
    const script = (list: string) => `require [${list}];
      if header :contains "from" "boss@example.org" {
        if header :matches "Subject" "*" { set "subject" "\${1}"; }
        foreverypart { if header :mime :type :is "Content-Type" "text" { extracttext :first 100 "msgcontent"; break; } }
        if not header :contains "subject" "FYI:" { fileinto "\${subject}: \${msgcontent}"; }
      }`;
    const list = '"mime", "variables", "extracttext", "fileinto"';
    expect(problems(script(list))[0]).toMatch(/"foreverypart" needs require "foreverypart"/);
    expect(actions(script(`"foreverypart", ${list}`), mail)).toEqual(['fileinto Files: Hällo Wörld']);
  });

  it('§7 so many characters, modified, text only', () => {
    const text = (tags: string, message = mail) =>
      actions(
        `require ["foreverypart", "extracttext", "variables", "fileinto"];
          foreverypart { extracttext ${tags} "a"; if not string "\${a}" "" { fileinto "\${a}"; break; } }`,
        message,
      )[0];
    expect(text(':first 4')).toBe('fileinto Häll');
    expect(text(':first 3', 'A: b\n\n\u{1F600}\u{1F600}\u{1F600}\u{1F600}')).toBe(
      'fileinto \u{1F600}\u{1F600}\u{1F600}',
    );
    expect(text(':upper :first 4', plain)).toBe('fileinto JUST');
    expect(text(':length', plain)).toBe('fileinto 11');
    expect(
      walked(
        'foreverypart { if header :mime :type "content-type" "application" { extracttext "a"; addflag "x${a}"; } }',
      ),
    ).toBe('x');
    expect(problems('require ["extracttext", "variables"]; extracttext "a";')[0]).toMatch(
      /must stand inside "foreverypart"/,
    );
    expect(problems('require ["extracttext", "foreverypart"]; foreverypart { extracttext "a"; }')[0]).toMatch(
      /needs require "variables"/,
    );
  });
});

describe('RFC 5703, replace', () => {
  const changed = (script: string, message = mail) =>
    edited(
      outcome(
        `require ["replace", "foreverypart", "mime", "editheader", "fileinto", "copy", "body"]; ${script}`,
        message,
      ).actions.at(-1),
    );

  it('§5, §9.1 the example', () => {
    const text = changed(`foreverypart {
      if anyof (header :mime :contenttype :is "Content-Type" "application/exe",
                header :mime :param "filename" :matches ["Content-Type", "Content-Disposition"] "*.com")
      { replace "Executable attachment removed by user filter"; } }`);
    expect(text).toBe(
      mail.replace(
        /Content-Type: application\/octet-stream\n.*\n\nMZ/,
        'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 7bit\n\nExecutable attachment removed by user filter',
      ),
    );
  });

  it('§5 a multipart goes with all its parts, and loops go on behind it', () => {
    const text = changed('foreverypart { if header :mime :subtype "content-type" "alternative" { replace "gone"; } }');
    expect(text).toMatch(
      /--o\nContent-Type: text\/plain; charset=utf-8\nContent-Transfer-Encoding: 7bit\n\ngone\n--o\nContent-Type: application\/PDF/,
    );
    expect(text).not.toMatch('--i');
    const seen = `require ["replace", "foreverypart", "mime", "variables", "imap4flags"]; foreverypart { ${note}
      if header :mime :subtype "content-type" "alternative" { replace :mime "Content-Type: multipart/mixed; boundary=n\n\n--n\n\nx\n--n--"; } }`;
    expect(actions(seen, mail)[0]).toMatch(
      'flags=multipart/mixed multipart/alternative application/PDF application/octet-stream',
    );
  });

  it('§5 outside of a loop the whole message; Original-Subject and Original-From', () => {
    expect(changed('replace :subject "Neues für dich" :from "Tim Ü <tim@example.com>" "Weg";', plain)).toBe(
      `Subject: Neues =?utf-8?B?ZsO8cg==?= dich
From: Tim =?utf-8?B?w5w=?= <tim@example.com>
Original-From: boss@example.org
Original-Subject: One
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 7bit

Weg`,
    );
    expect(changed('replace :mime "Content-Type: text/html\nX-No: 1\n\n<p>";', plain)).toBe(
      'From: boss@example.org\nSubject: One\nMIME-Version: 1.0\nContent-Type: text/html\n\n<p>',
    );
    expect(problems('require "replace"; replace :mime :subject "a" "b";')).toEqual([
      '1:20 ":subject" and ":from" mean nothing together with ":mime".',
    ]);
  });

  it('a text that could be taken for a delimiter is encoded', () => {
    const text = changed('foreverypart { if header :mime :subtype "content-type" "pdf" { replace "--o--\n--i--"; } }');
    expect(text).toMatch(/Content-Transfer-Encoding: base64\n\nLS1vLS0NCi0taS0t\n--o\n/);
    expect(changed('replace "ä";', plain)).toMatch(/base64\n\nw6Q=$/);
  });

  it('tests that follow see it, actions before do not have it', () => {
    const script = `fileinto :copy "A"; replace "needle"; if body :contains "needle" { fileinto :copy "B"; }`;
    const taken = outcome(`require ["replace", "fileinto", "copy", "body"]; ${script}`, plain).actions;
    expect(taken.map((action) => edited(action)?.includes('needle'))).toEqual([undefined, true, true]);
    expect(changed('addheader "X-A" "b"; replace "c"; deleteheader "X-A";', plain)).not.toMatch('X-A');
  });

  it('is bounded', () => {
    const many = `require "replace"; ${'replace "x";'.repeat(sieveLimits.rewrites + 1)}`;
    expect(actions(many, plain)[1]).toMatch(`changed more than ${sieveLimits.rewrites} times`);
    expect(actions('require "replace"; replace "x";', plain, { limits: { bodyBytes: 10 } })[1]).toMatch(
      /too large to be changed/,
    );
    // A loop that puts in what it looks for ends all the same.
    const growing = `require ["replace", "foreverypart"]; foreverypart {
      replace :mime "Content-Type: multipart/mixed; boundary=n\n\n--n\n\nx\n--n\n\ny\n--n--"; }`;
    expect(outcome(growing, plain).failure).toBeUndefined();
  });
});

describe('RFC 5703, enclose', () => {
  const script = `require ["foreverypart", "mime", "enclose", "fileinto", "copy"];
    foreverypart {
      if header :mime :param "filename" :matches ["Content-Type", "Content-Disposition"] ["*.com", "*.exe"] {
        enclose :subject "Warning" text:\nWARNING! The enclosed message contains executable attachments.\n.\n; } }`;

  it('§6, §9.2 the example', () => {
    const [kept] = outcome(script, mail).actions;
    const text = edited(kept) ?? '';
    const boundary = /boundary="(=_[0-9a-f]{40})"/.exec(text)?.[1] ?? '';
    expect(text).toBe(`Date: Tue, 24 Nov 2026 12:30:05 +0100
From: user@example.com
Subject: Warning
MIME-Version: 1.0
Content-Type: multipart/mixed;
 boundary="${boundary}"

--${boundary}
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 7bit

WARNING! The enclosed message contains executable attachments.

--${boundary}
Content-Type: message/rfc822

${mail}
--${boundary}--
`);
    // As the RFC prints it, `:text` is a tag.
    expect(problems(script.replace('text:', ':text'))).not.toEqual([]);
  });

  it('§6 fields are copied, the subject stays, redirect sends what was enclosed', () => {
    const taken = outcome(
      `require ["enclose", "copy", "mime"]; enclose :headers ["From", "X-None"] "see below";
       redirect :copy "a@b.c"; if not header :mime :type "content-type" "multipart" { discard; }`,
      plain,
    ).actions;
    expect(taken.map(({ kind }) => kind)).toEqual(['redirect', 'keep']);
    expect(edited(taken[0])).toBeUndefined();
    expect(edited(taken[1])).toMatch(/^Date: .*\nFrom: boss@example.org\nSubject: One\n/);
    const changed = outcome(
      'require ["enclose", "editheader", "copy"]; addheader "A" "1"; enclose "x"; addheader "B" "2"; redirect :copy "a@b.c";',
      plain,
    ).actions;
    expect(edited(changed[0])).toMatch(/^A: 1\nFrom/);
    expect(edited(changed[0])).not.toMatch('B: 2');
    expect(edited(changed[1])).toMatch(/^B: 2\nDate/);
  });

  it('§6 twice is twice', () => {
    const [kept] = outcome('require "enclose"; enclose "a"; enclose "b";', plain).actions;
    expect(edited(kept)?.match(/message\/rfc822/g)).toHaveLength(2);
  });
});
