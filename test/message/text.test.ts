import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FoldedSearch, fold } from '../../lib/message/fold.ts';
import { htmlToText } from '../../lib/message/html.ts';
import { maxSearchedHeaderBytes } from '../../lib/message/limits.ts';
import { previewOf } from '../../lib/message/preview.ts';
import { parseStructure } from '../../lib/message/structure.ts';
import { containsText, type TextScope } from '../../lib/message/text.ts';

const nested = readFileSync(new URL('fixtures/nested.eml', import.meta.url));

function contains(message: Buffer, scope: TextScope, needle: string): boolean {
  const { root } = parseStructure(message);
  return containsText((start, end) => message.subarray(start, end), root, scope, needle);
}

describe('search', () => {
  it.each<[TextScope, string, boolean]>([
    ['all', 'jürgen', true],
    ['body', 'jürgen', false],
    ['body', 'SCHWARZWALD', true],
    ['body', 'grüsse', true],
    ['body', 'Subject: INNER', true],
    ['body', '</b> html', true],
    ['all', 'hidden', false],
    ['all', 'x', true],
    ['all', '', true],
    ['body', 'nowhere', false],
  ])('%s: %s', (scope, needle, expected) => {
    expect(contains(nested, scope, needle)).toBe(expected);
  });

  it('finds a text across the pieces it decodes, but not across fields', () => {
    const body = `${'x'.repeat(64 * 1024 - 3)}needle`;
    expect(contains(Buffer.from(`A: b\n\n${body}`), 'body', 'NEEDLE')).toBe(true);
    expect(contains(Buffer.from('A: bc\nDE: f\n\n'), 'all', 'cde')).toBe(false);
  });

  it('searches the beginning of an absurdly long header (maxSearchedHeaderBytes)', () => {
    const padding = `X: ${'x'.repeat(997)}\n`.repeat(Math.ceil(maxSearchedHeaderBytes / 1001));
    expect(contains(Buffer.from(`Y: needle\n${padding}\n`), 'all', 'needle')).toBe(true);
    expect(contains(Buffer.from(`${padding}Y: needle\n\nbody`), 'all', 'needle')).toBe(false);
    expect(contains(Buffer.from(`${padding}Y: needle\n\nbody`), 'all', 'body')).toBe(true);
  });

  it('skips a body whose transfer encoding nobody knows', () => {
    expect(contains(Buffer.from('Content-Transfer-Encoding: x-own\n\nword'), 'body', 'word')).toBe(false);
  });

  it('folds case and compatibility forms', () => {
    expect(fold('Straße')).toBe(fold('STRASSE'));
    expect(fold('ﬁ Å')).toBe(fold('FI å'));
    expect(fold('ΣΑΣ')).toBe(fold('σας'));
    expect(fold('u')).not.toBe(fold('ü'));
    const search = new FoldedSearch('abc');
    expect(['xa', 'b', 'Cx'].map((text) => search.feed(text))).toEqual([false, false, true]);
  });
});

describe('preview (RFC 8970)', () => {
  const preview = (text: string) => previewOf(parseStructure(Buffer.from(text)).samples);

  it('is the beginning of the plain text on one line', () => {
    expect(previewOf(parseStructure(nested).samples)).toBe('Schöne Grüße aus dem Schwarzwald.');
    expect(preview(`A: b\n\n${'𝄞'.repeat(300)}`)).toBe('𝄞'.repeat(200));
    expect(preview('A: b\n\n')).toBe('');
    // However much white space is before it, and wherever a text is cut.
    for (const blanks of [1, 399, 400, 401, 799, 800, 801, 5000]) {
      expect(preview(`A: b\n\n${' '.repeat(blanks)}word`)).toBe('word');
      expect(preview(`A: b\n\n${' '.repeat(blanks)}${'é𝄞'.repeat(500)}`)).toBe('é𝄞'.repeat(100));
    }
  });

  it('is made of the HTML when there is no plain text', () => {
    const html =
      '<head><title>T</title><style>p { x }</style></head><!-- c --><p>a<b>b</b>c</p>1 &lt; 2&nbsp;&#x20ac;&bogus; <3 </style>z';
    expect(preview(`Content-Type: text/html\n\n${html}`)).toBe('abc 1 < 2 €&bogus; <3 z');
    const both =
      'Content-Type: multipart/alternative; boundary=b\n\n--b\n\n \n--b\nContent-Type: text/html\n\n<p>x</p>\n--b--';
    expect(preview(both)).toBe('x');
  });

  it('is bounded for hostile input', () => {
    for (const piece of ['<', '<a', '<script>', '<!--', '&#', '\u{fffd}a', '</title>']) {
      expect(htmlToText(piece.repeat(20_000)).length).toBeLessThan(200_000);
    }
  });
});
