import { isKeyword } from './source.ts';

/** Fields in which programs keep a message's state within an mbox file. */
const STATE = /^(?:status|x-status|x-keywords|x-uid|x-imap|x-imapbase|content-length|lines)[ \t]*:/i;

/** The header (latin1) and where the body begins; all is header when there is no empty line. */
export function splitHeader(bytes: Buffer): { readonly header: string; readonly bodyAt: number } {
  const text = bytes.toString('latin1');
  const end = /^\r?\n|\n\r?\n/.exec(text);
  const bodyAt = end === null ? text.length : end.index + end[0].length;
  return { header: text.slice(0, bodyAt), bodyAt };
}

/** Fields with their folded lines. */
function fieldsOf(header: string): readonly string[] {
  return header.split(/\r?\n(?![ \t])/);
}

/** The header without the fields that change when somebody reads the message. */
export function hashableHeader(header: string): string {
  return fieldsOf(header)
    .filter((field) => !STATE.test(field))
    .join('\n');
}

/** Flags of the letters in Status (R read) and X-Status (A answered, F flagged, T draft, D deleted), and X-Keywords. */
export function mboxFlags(header: string): readonly string[] {
  const flags = new Set<string>();
  for (const field of fieldsOf(header)) {
    const colon = field.indexOf(':');
    const name = field.slice(0, Math.max(0, colon)).trim().toLowerCase();
    const value = field.slice(colon + 1).trim();
    if (name === 'status' && value.includes('R')) flags.add('\\Seen');
    if (name === 'x-status') for (const letter of value) for (const flag of LETTERS.get(letter) ?? []) flags.add(flag);
    if (name === 'x-keywords') for (const word of value.split(/[\s,]+/)) if (isKeyword(word)) flags.add(word);
  }
  return [...flags];
}

const LETTERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['A', ['\\Answered']],
  ['D', ['\\Deleted']],
  ['F', ['\\Flagged']],
  ['R', ['\\Seen']],
  ['T', ['\\Draft']],
]);

/** The first "message" that UW-IMAP's programs put into a file for themselves. */
export function isFolderData(header: string): boolean {
  return /^x-imap:/im.test(header) && /^subject: don't delete this message/im.test(header);
}
