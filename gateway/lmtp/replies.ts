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
  'no-permission': () => '550 5.7.1 Permission denied',
  'too-big': (text) => `552 5.2.3 ${text}`,
  'too-many': (text) => `452 4.5.3 ${text}`,
  unavailable: (text) => `451 4.3.0 ${text}`,
} satisfies Record<RefusalCode, (text: string) => string>;

/** The reply to RCPT, or for one recipient after the message. */
export function refusalReply({ code, text }: Refusal, overQuotaIsPermanent: boolean): string {
  if (code === 'over-quota' && overQuotaIsPermanent) return '552 5.2.2 Over quota';
  return refusalReplies[code](printable(text));
}

/** One line of ASCII, whatever is given. */
function printable(text: string): string {
  return text.replace(/[^ -~]+/g, ' ').slice(0, 400) || 'Refused';
}
