import { describe, expect, it } from 'vitest';
import { messageLimits } from '../../lib/message/limits.ts';
import type { Part } from '../../lib/message/part.ts';
import { parseStructure } from '../../lib/message/structure.ts';

/** A message from lines, joined with CRLF. */
function crlf(...lines: string[]): Buffer {
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

function parse(message: Buffer): Part {
  return parseStructure(message).root;
}

function bodyOf(message: Buffer, part: Part | undefined): string | undefined {
  return part && message.toString('latin1', part.bodyStart, part.bodyEnd);
}

/** The tree as nested types, to compare shapes at a glance. */
function shape(part: Part): unknown {
  const type = `${part.type}/${part.subtype}`;
  if (part.message !== undefined) return [type, shape(part.message.body)];
  return part.children.length === 0 ? type : [type, ...part.children.map(shape)];
}

function multipart(boundary: string, ...lines: string[]): Buffer {
  return crlf(`Content-Type: multipart/mixed; boundary="${boundary}"`, '', ...lines);
}

describe('one part', () => {
  it('has header, body and lines', () => {
    const message = crlf('Subject: x', 'Content-Type: Text/HTML; Charset="UTF-8"', '', 'one', 'two', '');
    const root = parse(message);
    expect(root).toMatchObject({ headerStart: 0, bodyEnd: message.length, lines: 2, type: 'text', subtype: 'html' });
    expect(root.params).toEqual([['charset', 'UTF-8']]);
    expect(bodyOf(message, root)).toBe('one\r\ntwo\r\n');
  });

  it('reads every content field', () => {
    const root = parse(
      crlf(
        'Content-Type: image/png; name=a.png (a comment)',
        'Content-ID: <1@x>',
        'Content-Description: A',
        ' picture',
        'Content-Transfer-Encoding: BASE64 ',
        'Content-MD5: Q2hlY2s=',
        'Content-Disposition: Attachment; filename=report(1).png; size=3',
        'Content-Language: de, en (english)',
        'Content-Location: http://x/y',
        '',
        '',
      ),
    );
    expect(root).toMatchObject({
      params: [['name', 'a.png']],
      id: '<1@x>',
      description: 'A picture',
      encoding: 'base64',
      md5: 'Q2hlY2s=',
      disposition: {
        type: 'attachment',
        params: [
          ['filename', 'report(1).png'],
          ['size', '3'],
        ],
      },
      language: ['de', 'en'],
      location: 'http://x/y',
    });
  });

  it('joins RFC 2231 continuations and keeps them decodable', () => {
    const params = (text: string) => parse(crlf(`Content-Type: a/b; ${text}`, '', '')).params;
    expect(params('name*1=" b"; name*0="a"')).toEqual([['name', 'a b']]);
    expect(params('name*0*=utf-8\'\'%e2%82; name*1*=%ac; name*2="50%"')).toEqual([['name*', "utf-8''%e2%82%ac50%25"]]);
    expect(params("name*=utf-8''%41; x=1")).toEqual([
      ['name*', "utf-8''%41"],
      ['x', '1'],
    ]);
  });

  it.each([
    ['no content type', 'X: y'],
    ['no slash', 'Content-Type: text'],
    ['nonsense', 'Content-Type: ;;;=;'],
    ['a multipart without boundary', 'Content-Type: multipart/mixed'],
  ])('is text/plain in us-ascii: %s', (_, line) => {
    expect(parse(crlf(line, '', 'body'))).toMatchObject({
      type: 'text',
      subtype: 'plain',
      params: [['charset', 'us-ascii']],
    });
  });

  it.each([
    ['empty', '', '', ''],
    ['header only', 'Subject: x\r\n', 'Subject: x\r\n', ''],
    ['header without line end', 'Subject: x', 'Subject: x', ''],
    ['no header', '\r\nbody', '\r\n', 'body'],
    ['blank line only', '\n', '\n', ''],
    ['line feeds only', 'A: b\n\nbody\n', 'A: b\n\n', 'body\n'],
    ['carriage returns only', 'A: b\r\rbody', 'A: b\r\rbody', ''],
    ['mixed line ends', 'A: b\n\r\nbody\rx', 'A: b\n\r\n', 'body\rx'],
    ['NULs', 'A: \0b\n\n\0\0', 'A: \0b\n\n', '\0\0'],
    ['lines without colon', 'From me\nno colon\n\nbody', 'From me\nno colon\n\n', 'body'],
  ])('splits header and body: %s', (_, text, header, body) => {
    const message = Buffer.from(text, 'latin1');
    const root = parse(message);
    expect(message.toString('latin1', root.headerStart, root.bodyStart)).toBe(header);
    expect(bodyOf(message, root)).toBe(body);
  });

  it('reads folded and 8-bit fields', () => {
    const root = parse(Buffer.from('Content-Type:\n text/\n\tplain\n ;\n name\n =\n "\xe9"\n\n', 'latin1'));
    expect(root).toMatchObject({ type: 'text', subtype: 'plain', params: [['name', 'é']] });
  });

  it('counts a header it does not keep', () => {
    const message = Buffer.from(`X: ${'y'.repeat(2_000_000)}\nContent-Type: text/html\n\nbody`);
    const { root, header } = parseStructure(message);
    expect(header.length).toBe(messageLimits.maxHeaderBytes);
    expect(bodyOf(message, root)).toBe('body');
    expect(root.subtype).toBe('plain');
  });
});

describe('multipart', () => {
  it('has parts between delimiters, without preamble and epilogue', () => {
    const message = multipart(
      'b',
      'preamble',
      '--b',
      '',
      'one',
      '',
      '--b',
      'Content-Type: text/html',
      '',
      'two',
      '--b--',
      'end',
    );
    const root = parse(message);
    expect(root.children.map((part) => bodyOf(message, part))).toEqual(['one\r\n', 'two']);
    expect(root.children.map((part) => part.lines)).toEqual([1, 0]);
    expect(message.toString('latin1', root.children[1]?.headerStart, root.children[1]?.bodyStart)).toBe(
      'Content-Type: text/html\r\n\r\n',
    );
  });

  it('works with line feeds only', () => {
    const message = Buffer.from('Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo\n--b--\n');
    expect(parse(message).children.map((part) => bodyOf(message, part))).toEqual(['one', 'two']);
  });

  it('ends with the message when the last delimiter is missing', () => {
    const message = multipart('b', '--b', '', 'one', '--b', '', 'two', '');
    expect(parse(message).children.map((part) => bodyOf(message, part))).toEqual(['one', 'two\r\n']);
  });

  it('takes only whole lines for delimiters, but for trailing white space', () => {
    const message = multipart(
      'b ',
      '--b \t',
      '',
      'one',
      '--bb',
      ' --b',
      'x--b',
      '--b-',
      '--b',
      '',
      'two',
      '--b-- ',
      '--b',
      '',
    );
    expect(parse(message).children.map((part) => bodyOf(message, part))).toEqual([
      'one\r\n--bb\r\n --b\r\nx--b\r\n--b-',
      'two',
    ]);
  });

  it('tells a boundary from one it is a prefix of', () => {
    const message = multipart(
      'b',
      '--b',
      'Content-Type: multipart/alternative; boundary=b2',
      '',
      '--b2',
      '',
      'inner',
      '--b2--',
      '--b',
      '',
      'outer',
      '--b--',
    );
    const root = parse(message);
    expect(shape(root)).toEqual(['multipart/mixed', ['multipart/alternative', 'text/plain'], 'text/plain']);
    expect(bodyOf(message, root.children[0]?.children[0])).toBe('inner');
  });

  it('tells the end of "a" from the delimiter "a--" by what is innermost', () => {
    const inside = (outer: string, inner: string) =>
      shape(
        parse(
          multipart(
            outer,
            `--${outer}`,
            `Content-Type: multipart/x; boundary=${inner}`,
            '',
            `--${inner}`,
            '',
            '',
            '--a--',
            '',
            '',
          ),
        ),
      );
    expect(inside('a--', 'a')).toEqual(['multipart/mixed', ['multipart/x', 'text/plain']]);
    expect(inside('a', 'a--')).toEqual(['multipart/mixed', ['multipart/x', 'text/plain', 'text/plain']]);
  });

  it('ends inner parts at an outer delimiter, even within a header (RFC 2046 §5.1.2)', () => {
    const message = multipart(
      'o',
      '--o',
      'Content-Type: multipart/x; boundary=i',
      '',
      '--i',
      'Content-Type: message/rfc822',
      '--o',
      '',
      'last',
      '--o--',
    );
    const root = parse(message);
    expect(shape(root)).toEqual(['multipart/mixed', ['multipart/x', ['message/rfc822', 'text/plain']], 'text/plain']);
    expect(bodyOf(message, root.children[1])).toBe('last');
  });

  it('gives a delimiter shared by two multiparts to the inner one, then back', () => {
    const message = multipart(
      'b',
      '--b',
      'Content-Type: multipart/x; boundary=b',
      '',
      '--b',
      '',
      'in',
      '--b--',
      '--b',
      '',
      'out',
      '--b--',
    );
    expect(shape(parse(message))).toEqual(['multipart/mixed', ['multipart/x', 'text/plain'], 'text/plain']);
  });

  it('is text when no part ever came', () => {
    for (const message of [multipart('b', 'no delimiter'), multipart('b', '--b--', '')]) {
      const root = parse(message);
      expect(shape(root)).toBe('text/plain');
      expect(root.bodyEnd).toBe(message.length);
    }
  });

  it('has empty parts', () => {
    const message = multipart('b', '--b', '--b', '', '--b', 'X: y', '', '--b', '');
    const { children } = parse(message);
    expect(children.map((part) => bodyOf(message, part))).toEqual(['', '', '', '']);
    expect(children.map((part) => part.lines)).toEqual([0, 0, 0, 0]);
  });

  it('defaults to message/rfc822 in a digest (RFC 2046 §5.1.5)', () => {
    const message = crlf(
      'Content-Type: multipart/digest; boundary=b',
      '',
      '--b',
      '',
      'Subject: in',
      '',
      'x',
      '--b--',
      '',
    );
    const root = parse(message);
    expect(shape(root)).toEqual(['multipart/digest', ['message/rfc822', 'text/plain']]);
    expect(root.children[0]?.message?.envelope.subject).toBe('in');
  });
});

describe('message/rfc822', () => {
  it('has the envelope and body of the message inside', () => {
    const message = crlf(
      'Content-Type: message/rfc822',
      '',
      'From: a@b',
      'Content-Type: multipart/x; boundary=i',
      '',
      '--i',
      '',
      'x',
      '--i--',
      '',
    );
    const root = parse(message);
    expect(shape(root)).toEqual(['message/rfc822', ['multipart/x', 'text/plain']]);
    expect(root.message?.envelope.from).toMatchObject([{ mailbox: 'a', host: 'b' }]);
    expect(root.lines).toBe(7);
    expect(root.message?.body.headerStart).toBe(root.bodyStart);
  });
});

describe('samples', () => {
  it('are the first plain and the first html text that are no attachments', () => {
    const message = multipart(
      'b',
      '--b',
      'Content-Disposition: attachment',
      '',
      'file',
      '--b',
      '',
      'plain',
      '--b',
      'Content-Type: text/html',
      '',
      '<p>',
      '--b',
      '',
      'second',
      '--b--',
    );
    expect(parseStructure(message).samples.map((sample) => sample.bytes.toString())).toEqual(['plain', '<p>']);
  });
});
