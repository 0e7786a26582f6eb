/** Bytes of text in one encoded word: 45 become 60 characters of base64, within the 75 that RFC 2047 §2 allows. */
const wordBytes = 45;

/** Characters of a line that is folded where it can be (RFC 5322 §2.1.1). */
const lineChars = 78;

/** Characters of a word that can still stand in a line of 998. */
const wordChars = 900;

/**
 * A header field with its line end: folded, what is not ASCII as encoded words (RFC 2047). The value is one line of text,
 * the name is that of a field.
 */
export function writeField(name: string, value: string): Buffer {
  let line = `${name}:`;
  const lines: string[] = [];
  for (const word of encodedWords(value)) {
    if (line.length + 1 + word.length > lineChars && line.trimEnd() !== '' && line !== `${name}:`) {
      lines.push(line);
      line = '';
    }
    line += ` ${word}`;
  }
  return Buffer.from(`${[...lines, line].join('\r\n')}\r\n`, 'latin1');
}

/** Text as words of ASCII; neighbours that have to be encoded are encoded together, with the spaces between them. */
function encodedWords(text: string): string[] {
  const words: string[] = [];
  let encoding: string[] = [];
  const flush = (): void => {
    if (encoding.length > 0) words.push(...encode(encoding.join(' ')));
    encoding = [];
  };
  for (const word of text.split(' ')) {
    if (/^[\x21-\x7e]*$/.test(word) && !word.includes('=?') && word.length <= wordChars) {
      flush();
      words.push(word);
    } else encoding.push(word);
  }
  flush();
  return words;
}

function encode(text: string): string[] {
  const words: string[] = [];
  let bytes: Buffer[] = [];
  let length = 0;
  for (const char of text) {
    const piece = Buffer.from(char);
    if (length + piece.length > wordBytes) {
      words.push(word(bytes));
      bytes = [];
      length = 0;
    }
    bytes.push(piece);
    length += piece.length;
  }
  return [...words, word(bytes)];
}

function word(bytes: readonly Buffer[]): string {
  return `=?utf-8?B?${Buffer.concat(bytes).toString('base64')}?=`;
}
