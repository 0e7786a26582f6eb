import { decodeCharset } from './charset.ts';
import type { Params } from './part.ts';
import { decodeTransfer } from './transfer-encoding.ts';

/** encoded-word = "=?" charset ["*" language] "?" encoding "?" encoded-text "?=" (RFC 2047 §2, RFC 2231 §5). */
const encodedWord = /=\?([^?*\s]{1,60})(?:\*[^?\s]{0,60})?\?([bq])\?([^?]*)\?=/giy;

interface Word {
  readonly charset: string;
  readonly bytes: Buffer;
}

/** Text with its encoded words decoded; white space between two of them goes (RFC 2047 §6.2). */
export function decodeWords(text: string): string {
  if (!text.includes('=?')) return text;
  let out = '';
  let run: Word[] = [];
  let at = 0;
  while (at < text.length) {
    const start = text.indexOf('=?', at);
    const word = start < 0 ? undefined : wordAt(text, start);
    const between = text.slice(at, start < 0 ? undefined : start);
    if (run.length === 0 || word === undefined || between.trim() !== '') {
      out += decodeRun(run) + between;
      run = [];
    }
    if (start < 0) break;
    if (word !== undefined) run.push(word.word);
    else out += '=?';
    at = word?.end ?? start + 2;
  }
  return out + decodeRun(run);
}

/** The value of a parameter as text: `name*` decoded (RFC 2231 §4), else `name`, where encoded words are tolerated. */
export function paramText(params: Params, name: string): string | undefined {
  let plain: string | undefined;
  for (const [candidate, value] of params) {
    if (candidate === `${name}*`) return decodeExtended(value);
    if (candidate === name) plain ??= value;
  }
  return plain === undefined ? undefined : decodeWords(plain);
}

/** Decodes `charset'language'percent-encoded`; without the quotes it is taken for percent-encoded UTF-8. */
export function decodeExtended(value: string): string {
  const match = /^([^']*)'[^']*'/.exec(value);
  const encoded = match === null ? value : value.slice(match[0].length);
  const bytes: Buffer[] = [];
  for (const piece of encoded.split(/((?:%[0-9a-f]{2})+)/i)) {
    const isHex = /^(?:%[0-9a-f]{2})+$/i.test(piece);
    bytes.push(isHex ? Buffer.from(piece.replaceAll('%', ''), 'hex') : Buffer.from(piece, 'utf8'));
  }
  return decodeCharset(Buffer.concat(bytes), match?.[1] ?? '');
}

function wordAt(text: string, start: number): { readonly word: Word; readonly end: number } | undefined {
  encodedWord.lastIndex = start;
  const match = encodedWord.exec(text);
  if (match === null) return undefined;
  const [, charset = '', encoding = '', encoded = ''] = match;
  const isBase64 = encoding.toLowerCase() === 'b';
  const bytes = isBase64 ? decodeTransfer(Buffer.from(encoded, 'utf8'), 'base64') : decodeQ(encoded);
  return { word: { charset: charset.toLowerCase(), bytes: bytes ?? Buffer.alloc(0) }, end: encodedWord.lastIndex };
}

/** RFC 2047 §4.2: `_` is a space whatever the charset. */
function decodeQ(encoded: string): Buffer {
  const spaced = encoded.replaceAll('_', '=20');
  return decodeTransfer(Buffer.from(spaced, 'utf8'), 'quoted-printable') ?? Buffer.alloc(0);
}

/** Adjacent words of one charset are decoded as one, since senders split characters between words. */
function decodeRun(run: readonly Word[]): string {
  let out = '';
  let at = 0;
  while (at < run.length) {
    const charset = run[at]?.charset ?? '';
    let end = at;
    while (run[end]?.charset === charset) end++;
    out += decodeCharset(Buffer.concat(run.slice(at, end).map((word) => word.bytes)), charset);
    at = end;
  }
  return out;
}
