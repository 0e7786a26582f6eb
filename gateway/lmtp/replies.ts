import type { Refusal, RefusalCode } from '../../lib/delivery/ports.ts';

/**
 * How a refused recipient is told (RFC 5321 §4.2, RFC 3463). Where the text is fixed it is Cyrus': people find it in bounces
 * and in the logs of their MTA, and search for it.
 */
const refusalReplies = {
  'unknown-user': () =>
    '550-Mailbox unknown.  Either there is no mailbox associated with this\r\n' +
    '550-name or you do not have authorization to see it.\r\n' +
    '550 5.1.1 User unknown',
  'bad-address': (text) => `553 5.1.3 ${text}`,
  'over-quota': () => '452 4.2.2 Over quota',
  'no-permission': () =>
    '550-You do not have permission to post a message to this mailbox.\r\n' +
    '550-Please contact the owner of this mailbox in order to submit\r\n' +
    '550-your message, or <postmaster> if you believe you\r\n' +
    '550-received this message in error.\r\n' +
    '550 5.7.1 Permission denied',
  'too-big': (text) => `552 5.2.3 ${text}`,
  'too-many': (text) => `452 4.5.3 ${text}`,
  'not-ascii': () => '554 5.6.0 Message contains non-ASCII characters in headers',
  unavailable: (text) => `451 4.3.0 ${text}`,
} satisfies Record<Exclude<RefusalCode, 'rejected'>, (text: string) => string>;

/** Lines of a reason that a sender is told, and characters of each (RFC 5321 §4.5.3.1.5 allows 512 with the code). */
const REASON_LINES = 20;
const LINE_CHARACTERS = 400;

/** The reply to RCPT, or for one recipient after the message. */
export function refusalReply({ code, text }: Refusal, overQuotaIsPermanent: boolean): string {
  if (code === 'over-quota' && overQuotaIsPermanent) return '552 5.2.2 Over quota';
  if (code === 'rejected') return rejection(text);
  return refusalReplies[code](printable(text));
}

/** What a script says to the sender, line by line (RFC 5429 §2.1.1). */
function rejection(reason: string): string {
  const lines = reason
    .split(/\r?\n|\r/)
    .map((line) => line.replace(/[^ -~]+/g, '?').trimEnd())
    .slice(0, REASON_LINES)
    .map((line) => line.slice(0, LINE_CHARACTERS));
  while (lines.length > 1 && lines.at(-1) === '') lines.pop();
  if (lines.every((line) => line === '')) return '550 5.7.1 Refused';
  return lines.map((line, i) => `550${i === lines.length - 1 ? ' ' : '-'}5.7.1 ${line}`).join('\r\n');
}

/** One line of ASCII, whatever is given. */
function printable(text: string): string {
  return text.replace(/[^ -~]+/g, ' ').slice(0, LINE_CHARACTERS) || 'Refused';
}
