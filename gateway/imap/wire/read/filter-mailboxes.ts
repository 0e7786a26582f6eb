import type { MailboxSource } from '../mailbox-source.ts';
import { mailbox } from './mailbox.ts';
import type { Reader } from './reader.ts';
import { list, word } from './text.ts';

/**
 *     filter-mailboxes =  "selected" / "selected-delayed" / "inboxes" / "personal" / "subscribed" /
 *                         ( "subtree" SP one-or-more-mailbox ) / ( "mailboxes" SP one-or-more-mailbox )    ; RFC 5465 §8
 *     filter-mailboxes =/ ( "subtree-one" SP one-or-more-mailbox )                                         ; RFC 7377 §3
 */
export function filterMailboxes(reader: Reader): MailboxSource {
  const kind = word(reader, 'which mailboxes');
  switch (kind) {
    case 'SELECTED':
    case 'INBOXES':
    case 'PERSONAL':
    case 'SUBSCRIBED':
      return { kind };
    case 'SUBTREE':
    case 'SUBTREE-ONE':
    case 'MAILBOXES':
      reader.sp();
      return { kind, names: reader.peek() === '(' ? list(reader, mailbox, false) : [mailbox(reader)] };
    default:
      return reader.invalid('mailbox filter');
  }
}
