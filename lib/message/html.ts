/** HTML as text, roughly: no tags, comments, scripts or styles, and the common entities resolved. */
export function htmlToText(html: string): string {
  const lower = asciiLower(html);
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

/** Only ASCII is lowered, so that the offsets of both are the same. */
export function asciiLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Where the markup that begins at `open` of this lower-case HTML ends; `open` itself when it is no markup. */
export function markupEnd(html: string, open: number): number {
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

/** The text with character references in place of what they name; unknown ones stay. */
export function resolveEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return Object.hasOwn(entities, name) ? (entities[name] ?? whole) : whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    return isCharacter ? String.fromCodePoint(code) : ' ';
  });
}
