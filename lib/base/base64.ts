/**
 *     base64 = *(4base64-char) [base64-terminal]          ; RFC 9051 §9, RFC 4648 §4
 *
 * The decoded octets; null when the text is not base64, to the letter.
 */
export function decodeBase64(text: string): Buffer | null {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  return Buffer.from(text, 'base64');
}
