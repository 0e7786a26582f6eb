import { createHash } from 'node:crypto';
import { encodeUtf7 } from '../../gateway/imap/wire/utf7.ts';
import type { Id } from '../../lib/base/ids.ts';
import { flagsOf } from '../../lib/store/flag-sets.ts';
import type { MailboxView } from '../../lib/store/mailbox-view.ts';

/** Longest name of a folder on most file systems. */
const MAX_FOLDER_BYTES = 255;
/** Keywords that letters stand for, a to z. */
const LETTERS = 26;

/** System flags in the order of their bits, and their letters (maildir(5)). */
const SYSTEM_LETTERS = ['S', 'R', 'F', 'T', 'D'] as const;

/**
 * The Maildir++ folder of a mailbox, below the Maildir that is INBOX: `Sent/2024` is `.Sent.2024`. A `.` within a name is
 * `&AC4-`; a name too long for a folder is cut, with a hash of the whole.
 */
export function folderOf(mailbox: string): string {
  if (mailbox === 'INBOX') return '';
  const parts = mailbox.split('/').map((part) => encodeUtf7(part).replaceAll('.', '&AC4-'));
  const name = `.${parts.join('.')}`;
  if (name.length <= MAX_FOLDER_BYTES) return name;
  const hash = createHash('sha256').update(mailbox).digest('hex').slice(0, 16);
  return `${name.slice(0, MAX_FOLDER_BYTES - 17)}_${hash}`;
}

/** A file's name before the colon: the same in every run, and no other message's. */
export function baseName(
  mailbox: Id,
  uidValidity: number,
  uid: number,
  internalDate: number,
  sizeBytes: number,
): string {
  const arrival = String(Math.min(Math.max(0, internalDate), 9_999_999_999)).padStart(10, '0');
  return `${arrival}.M${mailbox.slice(16)}V${uidValidity}U${uid}.cirrus,S=${sizeBytes}`;
}

/** How a mailbox's keywords are written: letters with Dovecot's list for the first 26, Courier's list for the others. */
export interface Keywords {
  /** `dovecot-keywords`; empty: none. */
  readonly dovecot: string;
  /** Keywords without a letter, by their number in the view's table. */
  readonly others: readonly { readonly number: number; readonly name: string }[];
}

const FORWARDED = '$forwarded';

export function keywordsOf({ state }: MailboxView): Keywords {
  const all = state.keywords
    .map((name, number) => ({ number, name }))
    .filter(({ name }) => name.toLowerCase() !== FORWARDED);
  const dovecot = all.slice(0, LETTERS).map(({ name }, i) => `${i} ${name}\n`);
  return { dovecot: dovecot.join(''), others: all.slice(LETTERS) };
}

/** The letters after `:2,`, in the order of ASCII; and the numbers of keywords that have none. */
export function lettersOf(
  { state }: MailboxView,
  bits: bigint,
): { readonly letters: string; readonly others: readonly number[] } {
  const { system, keywords } = flagsOf(bits);
  const letters: string[] = SYSTEM_LETTERS.filter((_, bit) => (system & (1 << bit)) !== 0);
  const others: number[] = [];
  const lettered = state.keywords.map((_, number) => number).filter((number) => !isForwarded(state.keywords[number]));
  for (const number of keywords) {
    const at = lettered.indexOf(number);
    if (at < 0) letters.push('P');
    else if (at < LETTERS) letters.push(String.fromCharCode('a'.charCodeAt(0) + at));
    else others.push(number);
  }
  return { letters: letters.sort().join(''), others };
}

function isForwarded(name: string | undefined): boolean {
  return name?.toLowerCase() === FORWARDED;
}
