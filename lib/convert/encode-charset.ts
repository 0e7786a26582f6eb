import iconv from 'iconv-lite';

const ASCII = /^(?:us-)?ascii$/;

/** Charsets that text can be written in: those whose characters stand each for itself, without state. */
const WRITABLE =
  /^(?:utf-?8|iso-?8859-?\d{1,2}|windows-?125\d|koi8-[rut]|macintosh|tis-?620|gb2312|gbk|gb18030|big5|euc-(?:jp|kr)|shift_jis)$/;

export function isWritableCharset(charset: string): boolean {
  const label = charset.toLowerCase();
  return ASCII.test(label) || (WRITABLE.test(label) && iconv.encodingExists(label));
}

/**
 * The text in the charset, which {@link isWritableCharset}. What it lacks becomes the replacement; undefined when there is
 * none, or the charset lacks that too.
 */
export function encodeCharset(text: string, charset: string, replacement: string | undefined): Buffer | undefined {
  const label = charset.toLowerCase();
  const encode = (one: string): Buffer => (ASCII.test(label) ? Buffer.from(one, 'latin1') : iconv.encode(one, label));
  const isKept = (one: string): boolean =>
    ASCII.test(label) ? /^[\0-\x7f]*$/.test(one) : iconv.decode(encode(one), label) === one;
  const whole = encode(text);
  if (ASCII.test(label) ? isKept(text) : iconv.decode(whole, label) === text) return whole;
  if (replacement === undefined || !isKept(replacement)) return undefined;
  const known = new Map<string, string>();
  const replaced = text.replace(/[^\0-\x7f]/gu, (character) => {
    let kept = known.get(character);
    if (kept === undefined) known.set(character, (kept = isKept(character) ? character : replacement));
    return kept;
  });
  return encode(replaced);
}
