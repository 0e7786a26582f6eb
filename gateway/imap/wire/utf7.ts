/**
 * Modified UTF-7, the mailbox names of IMAP4rev1 (RFC 3501 §5.1.3): printable US-ASCII stands for itself, `&` is `&-`, all
 * else is `&`, base64 of UTF-16 with `,` for `/` and without padding, `-`.
 */
export function encodeUtf7(name: string): string {
  return name.replace(/&|[^\x20-\x7e]+/g, (run) => {
    if (run === '&') return '&-';
    const units = Buffer.from(run, 'utf16le').swap16();
    return `&${units.toString('base64').replaceAll('/', ',').replace(/=+$/, '')}-`;
  });
}

/**
 * The Unicode name, or null when the text is not exactly what `encodeUtf7` gives: §5.1.3 forbids every other spelling,
 * so that one mailbox has one name.
 */
export function decodeUtf7(text: string): string | null {
  const name = text.replace(/&([A-Za-z0-9+,]*)-/g, (_, base64: string) => {
    if (base64 === '') return '&';
    const bytes = Buffer.from(base64.replaceAll(',', '/'), 'base64');
    return bytes
      .subarray(0, bytes.length - (bytes.length % 2))
      .swap16()
      .toString('utf16le');
  });
  return name.isWellFormed() && encodeUtf7(name) === text ? name : null;
}
