import { expect, it } from 'vitest';
import { htmlToPlain } from '../../lib/convert/html-plain.ts';

const plain = (html: string): string => htmlToPlain(html).replaceAll('\r\n', '\n');

it('keeps paragraphs, lists, quotes, rules and line ends', () => {
  expect(
    plain(`<html><head><title>no</title><style>p {}</style></head><body>
      <h1>Title</h1><p>One
      two &amp; <b>three</b>.<br>Next</p>
      <ul><li>a</li><li>b<ol><li>x<li>y</ol></li></ul>
      <blockquote><p>said</p><p>more</p></blockquote><hr>end</body></html>`),
  ).toBe(
    [
      'Title',
      '',
      'One two & three.',
      'Next',
      '',
      '* a',
      '* b',
      '  1. x',
      '  2. y',
      '',
      '> said',
      '>',
      '> more',
      '',
      '-'.repeat(40),
      '',
      'end',
      '',
    ].join('\n'),
  );
});

it('keeps the cells of tables apart, and pre as it is', () => {
  expect(plain('<table><tr><th>A</th><th>B</th></tr><tr><td>1<td>2</table><pre>  x\n\n y</pre>')).toBe(
    'A\tB\n1\t2\n\n  x\n\n y\n',
  );
});

it('says where links lead, and what pictures show', () => {
  expect(
    plain(
      '<a href="https://example.com/x?a=1&amp;b=2">Here</a> or <a href=https://example.com/>https://example.com</a>',
    ),
  ).toBe('Here <https://example.com/x?a=1&b=2> or https://example.com\n');
  expect(plain('<a href="javascript:alert(1)">no</a> <img alt="a cat" src=x> <a href="mailto:a@b">a@b</a>')).toBe(
    'no a cat a@b\n',
  );
});

it('takes time in proportion to its length, whatever it holds', () => {
  for (const hostile of [
    '<a href=https://x>w</a> ',
    'word ',
    '<ul><li>',
    '<blockquote>',
    '<',
    '<pre>\n',
    '<a href="',
    '&#',
  ]) {
    const html = hostile.repeat(Math.floor(1_000_000 / hostile.length));
    expect(htmlToPlain(html).length).toBeLessThan(3 * html.length);
  }
  expect(htmlToPlain('')).toBe('');
  expect(htmlToPlain('<p> <br></p>')).toBe('');
});
