/** Writing messages: header fields and texts that any MTA takes (RFC 5322, 2045, 2047). Lines end with CRLF. */

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Bytes of text in one encoded word: with its frame it has at most 75 characters (RFC 2047 §2). */
const WORD_BYTES = 42;
/** Characters of a line before it is folded (RFC 5322 §2.1.1). */
const LINE_CHARACTERS = 76;
/** Characters of a line that every MTA takes, without its CRLF (RFC 5322 §2.1.1). */
const MAX_LINE_CHARACTERS = 998;

/** As in `Fri, 20 Nov 2026 13:26:03 +0100` (RFC 5322 §3.3). */
export function formatDate(timeMs: number, offsetMinutes: number): string {
  const local = new Date(timeMs + offsetMinutes * 60_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${DAYS[local.getUTCDay()]}, ${local.getUTCDate()} ${MONTHS[local.getUTCMonth()]} ${local.getUTCFullYear()}`;
  const time = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(two).join(':');
  const ahead = Math.abs(offsetMinutes);
  return `${day} ${time} ${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(ahead / 60))}${two(ahead % 60)}`;
}

/** A field whose value is free text: one line for the reader, folded, in encoded words where it is not ASCII. */
export function textField(name: string, text: string): string {
  const line = text.replace(/[\r\n\0]+[ \t]*/g, ' ').trim();
  return field(name, /^[\x20-\x7e]*$/.test(line) && !line.includes('=?') ? line : encodedWords(line));
}

/** A field whose value is structured and ASCII: folded between its words. */
export function field(name: string, value: string): string {
  let out = `${name}:`;
  let column = out.length;
  for (const word of value.split(' ')) {
    const folds = column + 1 + word.length > LINE_CHARACTERS && column > name.length + 1;
    out += `${folds ? '\r\n ' : ' '}${word}`;
    column = folds ? 1 + word.length : column + 1 + word.length;
  }
  return `${out}\r\n`;
}

/** Text in encoded words; characters are not split between words (RFC 2047 §5). */
function encodedWords(text: string): string {
  const words: string[] = [];
  let bytes = Buffer.alloc(0);
  const close = (): void => {
    if (bytes.length > 0) words.push(`=?UTF-8?B?${bytes.toString('base64')}?=`);
    bytes = Buffer.alloc(0);
  };
  for (const character of text) {
    const more = Buffer.from(character, 'utf8');
    if (bytes.length + more.length > WORD_BYTES) close();
    bytes = Buffer.concat([bytes, more]);
  }
  close();
  return words.join(' ');
}

/** A text part with its header and the blank line between: as it is when it can be, else in base64. */
export function textPart(text: string, type = 'text/plain'): string {
  const body = crlf(text);
  const isPlain = /^[\t\r\n\x20-\x7e]*$/.test(body);
  const fits = body.split('\r\n').every((line) => line.length <= MAX_LINE_CHARACTERS);
  if (isPlain && fits)
    return `Content-Type: ${type}; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n${body}\r\n`;
  const coded = Buffer.from(body, 'utf8').toString('base64').replace(/.{76}/g, '$&\r\n');
  return `Content-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${coded}\r\n`;
}

/** The text with every line end a CRLF. */
export function crlf(text: string): string {
  return text.replace(/\r\n|\r|\n/g, '\r\n');
}
