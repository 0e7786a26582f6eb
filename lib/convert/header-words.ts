import { decodeCharset, knowsCharset } from '../message/charset.ts';
import { decodeTransfer } from '../message/transfer-encoding.ts';
import { encodeCharset } from './encode-charset.ts';

/** RFC 2047 §2: an encoded word has at most so many characters. */
const MAX_WORD = 75;

/**
 * A header whose encoded words are in another charset (RFC 5259 §6); what cannot be decoded, or has no place in the charset,
 * stays as it is. The charset is one that text can be written in.
 */
export function recodeHeader(header: Buffer, charset: string): Buffer {
  const text = header.toString('latin1');
  const recoded = text.replace(
    /=\?([^?*\s]{1,60})(?:\*[^?\s]{0,60})?\?([bq])\?([^?\r\n]*)\?=/gi,
    (word, from: string, encoding: string, encoded: string) => {
      if (!knowsCharset(from)) return word;
      const isBase64 = encoding.toLowerCase() === 'b';
      const spaced = isBase64 ? encoded : encoded.replaceAll('_', '=20');
      const bytes = decodeTransfer(Buffer.from(spaced, 'latin1'), isBase64 ? 'base64' : 'quoted-printable');
      const words = bytes && wordsOf(decodeCharset(bytes, from), charset, isBase64);
      return words ?? word;
    },
  );
  return Buffer.from(recoded, 'latin1');
}

/** The text as encoded words, none with a part of a character; undefined when the charset lacks some of it. */
function wordsOf(text: string, charset: string, isBase64: boolean): string | undefined {
  const frame = `=?${charset.toUpperCase()}?${isBase64 ? 'B' : 'Q'}??=`;
  const room = MAX_WORD - frame.length;
  const words: string[] = [];
  let held: Buffer = Buffer.alloc(0);
  const close = (): void => void words.push(frame.replace('??=', `?${encodedText(held, isBase64)}?=`));
  for (const character of text) {
    const bytes = encodeCharset(character, charset, undefined);
    if (bytes === undefined) return undefined;
    const longer = Buffer.concat([held, bytes]);
    if (encodedText(longer, isBase64).length > room) {
      close();
      held = bytes;
    } else held = longer;
  }
  close();
  return words.join('\r\n ');
}

function encodedText(bytes: Buffer, isBase64: boolean): string {
  if (isBase64) return bytes.toString('base64');
  // RFC 2047 §5 (3): what may stand in a phrase stands for itself.
  return Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte);
    if (/[A-Za-z0-9!*+/-]/.test(character)) return character;
    return byte === 0x20 ? '_' : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}
