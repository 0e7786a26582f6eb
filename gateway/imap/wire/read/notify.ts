import type { EventGroup, ImapCommand, MailboxFilter } from '../commands.ts';
import type { FetchItem } from '../fetch-item.ts';
import { fetchItems } from './fetch.ts';
import { mailbox } from './mailbox.ts';
import { type Reader, spaced } from './reader.ts';
import { list, word } from './text.ts';

/**
 *     notify      = "NOTIFY" SP (notify-add / notify-none)         ; RFC 5465 §8
 *     notify-add  = "SET" [SP "STATUS"] SP event-groups
 *     notify-none = "NONE"
 */
export function notify(reader: Reader): ImapCommand {
  const verb = spaced(reader, (inner) => word(inner, 'SET or NONE'));
  if (verb === 'NONE') return { name: 'NOTIFY', status: false, groups: null };
  if (verb !== 'SET') return reader.invalid('NOTIFY (SET or NONE was expected)');
  const status = reader.skip(' STATUS');
  const groups: EventGroup[] = [];
  do groups.push(spaced(reader, eventGroup));
  while (reader.peek() === ' ');
  return { name: 'NOTIFY', status, groups };
}

/**
 *     event-group = "(" filter-mailboxes SP events ")"             ; RFC 5465 §8
 *     events      = ("(" event *(SP event) ")") / "NONE"
 */
function eventGroup(reader: Reader): EventGroup {
  reader.expect('(');
  const filter = mailboxFilter(reader);
  reader.sp();
  const events = new Set<string>();
  let fetch: readonly FetchItem[] = [];
  if (!reader.skip('NONE')) {
    list(
      reader,
      (inner) => {
        const event = word(inner, 'an event');
        events.add(event);
        if (event === 'MESSAGENEW' && inner.match(/ (?=\()/y) !== null) fetch = fetchItems(inner);
      },
      false,
    );
  }
  reader.expect(')');
  return { filter, events, fetch };
}

/**
 *     filter-mailboxes = "selected" / "selected-delayed" / "inboxes" / "personal" / "subscribed" /
 *                        ("subtree" / "mailboxes") SP one-or-more-mailbox        ; RFC 5465 §8
 *     one-or-more-mailbox = mailbox / "(" mailbox *(SP mailbox) ")"
 */
function mailboxFilter(reader: Reader): MailboxFilter {
  const kind = word(reader, 'which mailboxes').toLowerCase();
  switch (kind) {
    case 'selected':
    case 'selected-delayed':
    case 'inboxes':
    case 'personal':
    case 'subscribed':
      return { kind };
    case 'subtree':
    case 'mailboxes':
      reader.sp();
      return { kind, names: reader.peek() === '(' ? list(reader, mailbox, false) : [mailbox(reader)] };
    default:
      return reader.invalid('filter of mailboxes');
  }
}
