import { decodeCharset, knowsCharset } from '../message/charset.ts';
import { CannotConvert, type ConversionParams, type Converted } from './converted.ts';
import { encodeCharset, isWritableCharset } from './encode-charset.ts';
import { htmlToPlain } from './html-plain.ts';

/** What stands for a character that a charset lacks has at most so many octets. */
const MAX_REPLACEMENT_BYTES = 4;

export const TEXT_PARAMS = ['charset', 'unknown-character-replacement'] as const;

/**
 * Text in another charset, and HTML as plain text (RFC 5259 §7.1); UTF-8 where the client does not say which. Throws
 * {@link CannotConvert}.
 */
export function convertText(source: Buffer, subtype: string, charset: string, params: ConversionParams): Converted {
  const [charsetName, replacementName] = TEXT_PARAMS;
  const target = params.get(charsetName) ?? 'utf-8';
  const replacement = params.get(replacementName);
  if (charset !== '' && !knowsCharset(charset))
    throw new CannotConvert(`The charset ${charset} of the source is unknown`);
  if (!isWritableCharset(target)) {
    throw new CannotConvert('There is no conversion into the charset', [[charsetName, target]]);
  }
  if (replacement !== undefined && Buffer.byteLength(replacement) > MAX_REPLACEMENT_BYTES) {
    const text = `${replacementName.toUpperCase()} is limited to ${MAX_REPLACEMENT_BYTES} bytes`;
    throw new CannotConvert(text, [[replacementName, replacement]]);
  }
  const decoded = decodeCharset(source, charset);
  const text = subtype === 'html' ? htmlToPlain(decoded) : decoded;
  const bytes = encodeCharset(text, target, replacement);
  if (bytes === undefined) {
    const blamed = [charsetName, replacementName].flatMap((name) => {
      const value = params.get(name);
      return value === undefined ? [] : [[name, value] as const];
    });
    throw new CannotConvert(`The text has characters that ${target} lacks`, blamed);
  }
  return { type: 'text', subtype: 'plain', charset: target.toLowerCase(), bytes };
}
