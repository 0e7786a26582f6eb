/** Characters of a text that its place in an order depends on. */
const MAX_KEY_CHARS = 500;

/**
 * A text as `i;unicode-casemap` orders it (RFC 5051 §2, as RFC 5256 §2 and RFC 5255 I18NLEVEL=1 ask): titlecase, fully
 * decomposed. Two keys compare with `<` as the UTF-8 octets of the collated texts do.
 */
export function collationKey(text: string): string {
  const begin = text.slice(0, MAX_KEY_CHARS);
  if (isAscii.test(begin)) return begin.toUpperCase();
  let titled = '';
  for (const character of begin) titled += titlecase(character);
  return inCodePointOrder(titled.normalize('NFKD'));
}

const isAscii = /^[\0-\x7f]*$/;

/** The digraphs whose title form is not their upper form, and those forms. */
const digraphs: ReadonlyMap<string, string> = new Map([
  ...['\u01c4', '\u01c5', '\u01c6'].map((one) => [one, '\u01c5'] as const),
  ...['\u01c7', '\u01c8', '\u01c9'].map((one) => [one, '\u01c8'] as const),
  ...['\u01ca', '\u01cb', '\u01cc'].map((one) => [one, '\u01cb'] as const),
  ...['\u01f1', '\u01f2', '\u01f3'].map((one) => [one, '\u01f2'] as const),
]);

/** RFC 5051 §2: the simple mapping, one character to one; what has only a longer form ("ß") stays. */
function titlecase(character: string): string {
  const upper = digraphs.get(character) ?? character.toUpperCase();
  return upper.length === character.length ? upper : character;
}

/** JavaScript compares UTF-16 units, where surrogates sort before U+E000 to U+FFFF; moved, they sort after. */
function inCodePointOrder(text: string): string {
  if (!/[\ud800-\uffff]/.test(text)) return text;
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    out += String.fromCharCode(unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit);
  }
  return out;
}
