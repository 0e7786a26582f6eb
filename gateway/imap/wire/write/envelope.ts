import type { AddressEntry } from '../../../../lib/message/address.ts';
import type { Envelope } from '../../../../lib/message/envelope.ts';
import type { Dialect } from '../read/reader.ts';
import { nstring, string } from './text.ts';

/**
 *     envelope = "(" env-date SP env-subject SP env-from SP env-sender SP env-reply-to SP env-to SP env-cc SP env-bcc SP
 *                env-in-reply-to SP env-message-id ")"      ; RFC 9051 §9
 */
export function envelope(value: Envelope, dialect: Dialect): string {
  const from = addresses(value.from, dialect);
  // Nearly always they are From itself.
  const likeFrom = (list: Envelope['from']): string => (list === value.from ? from : addresses(list, dialect));
  const fields = [
    nstring(value.date, dialect),
    nstring(value.subject, dialect),
    ...[from, likeFrom(value.sender), likeFrom(value.replyTo)],
    ...[value.to, value.cc, value.bcc].map((list) => addresses(list, dialect)),
    nstring(value.inReplyTo, dialect),
    nstring(value.messageId, dialect),
  ];
  return `(${fields.join(' ')})`;
}

/** `"(" 1*address ")" / nil` */
function addresses(list: readonly AddressEntry[], dialect: Dialect): string {
  return list.length === 0 ? 'NIL' : `(${list.map((entry) => address(entry, dialect)).join('')})`;
}

/**
 *     address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"      ; RFC 9051 §9
 *
 * RFC 9051 §7.5.2: a NIL host marks the beginning (with the group's name) or end of a group, so an address without a
 * domain has an empty host instead.
 */
function address(entry: AddressEntry, dialect: Dialect): string {
  if (entry.kind === 'group-end') return '(NIL NIL NIL NIL)';
  if (entry.kind === 'group') return `(NIL NIL ${string(entry.name, dialect)} NIL)`;
  const name = nstring(entry.name, dialect);
  return `(${name} ${nstring(entry.adl, dialect)} ${string(entry.mailbox, dialect)} ${string(entry.host, dialect)})`;
}
