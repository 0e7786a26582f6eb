import { decodeCharset } from './charset.ts';
import { paramText } from './encoded-word.ts';
import { maxPreviewChars } from './limits.ts';
import type { BodySample } from './structure.ts';
import { decodeTransfer } from './transfer-encoding.ts';

/**
 * The first words of a message, on one line (RFC 8970 §3): of its plain text, else of its HTML without the markup;
 * empty when it has neither.
 */
export function previewOf(samples: readonly BodySample[]): string {
  const plainFirst = [...samples].sort((a, b) => rank(a) - rank(b));
  for (const sample of plainFirst) {
    const preview = oneLine(sampleText(sample));
    if (preview !== '') return preview;
  }
  return '';
}

/** HTML as text, roughly: no tags, comments, scripts or styles, and the common entities resolved. */
export function htmlToText(html: string): string {
  // Only ASCII is lowered, so that the offsets of both are the same.
  const lower = html.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  let out = '';
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    if (open < 0) return resolveEntities(out + html.slice(at));
    out += html.slice(at, open);
    const end = markupEnd(lower, open);
    if (end === open) out += '<';
    else if (!isInline(lower.slice(open, open + 12))) out += ' ';
    at = end === open ? open + 1 : end;
  }
  return resolveEntities(out);
}

function rank(sample: BodySample): number {
  return sample.part.subtype === 'plain' ? 0 : 1;
}

function sampleText({ part, bytes }: BodySample): string {
  const decoded = decodeTransfer(bytes, part.encoding);
  if (decoded === undefined) return '';
  const text = decodeCharset(decoded, paramText(part.params, 'charset') ?? '');
  return part.subtype === 'html' ? htmlToText(text) : text;
}

function oneLine(text: string): string {
  // What cannot be seen is no preview: controls, zero-width and filler characters, and a character cut off at the end.
  const visible = text
    .replace(/\ufffd{1,4}$/, '')
    .replace(/[\p{Cc}\p{Z}]+/gu, ' ')
    .replace(/\p{Cf}|\u034f/gu, '');
  const line = visible.replace(/ {2,}/g, ' ').trim();
  return Array.from(line.slice(0, 2 * maxPreviewChars))
    .slice(0, maxPreviewChars)
    .join('')
    .trim();
}

/** Where the markup that begins at `open` of this lower-case HTML ends; `open` itself when it is no markup. */
function markupEnd(html: string, open: number): number {
  if (html.startsWith('<!--', open)) return after(html, '-->', open + 4);
  const name = /^<[/!?]?([a-z][a-z0-9]*)/.exec(html.slice(open, open + 20))?.[1];
  if (name === undefined) return open;
  const hidesText = html.charAt(open + 1) !== '/' && (name === 'script' || name === 'style' || name === 'title');
  if (!hidesText) return after(html, '>', open);
  return after(html, '>', after(html, `</${name}`, open + 2));
}

/** A tag amid a word is no space in it. */
function isInline(tag: string): boolean {
  return /^<\/?(?:a|abbr|b|em|font|i|small|span|strong|u)[\s>]/.test(tag);
}

function after(html: string, what: string, from: number): number {
  const at = html.indexOf(what, from);
  return at < 0 ? html.length : at + what.length;
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  zwnj: '',
  copy: '©',
  euro: '€',
  ndash: '–',
  mdash: '—',
  hellip: '…',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  auml: 'ä',
  ouml: 'ö',
  uuml: 'ü',
  Auml: 'Ä',
  Ouml: 'Ö',
  Uuml: 'Ü',
  szlig: 'ß',
  eacute: 'é',
  egrave: 'è',
  agrave: 'à',
  ccedil: 'ç',
};

function resolveEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return Object.hasOwn(entities, name) ? (entities[name] ?? whole) : whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    return isCharacter ? String.fromCodePoint(code) : ' ';
  });
}
