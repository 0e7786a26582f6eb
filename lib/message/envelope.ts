import { type AddressEntry, parseAddressList } from './address.ts';
import { fieldText, headerFields } from './header.ts';

/** The header fields a mail reader lists a message by (RFC 9051 §7.5.2); texts are unfolded, not decoded. */
export interface Envelope {
  readonly date: string | undefined;
  readonly subject: string | undefined;
  readonly from: readonly AddressEntry[];
  readonly sender: readonly AddressEntry[];
  readonly replyTo: readonly AddressEntry[];
  readonly to: readonly AddressEntry[];
  readonly cc: readonly AddressEntry[];
  readonly bcc: readonly AddressEntry[];
  readonly inReplyTo: string | undefined;
  readonly messageId: string | undefined;
}

const single = new Set(['date', 'subject', 'in-reply-to', 'message-id']);
const lists = new Set(['from', 'sender', 'reply-to', 'to', 'cc', 'bcc']);

/** Reads the envelope of a header block; a repeated address field is one list, of other repeated fields the first counts. */
export function readEnvelope(block: Uint8Array): Envelope {
  const texts = new Map<string, string>();
  for (const field of headerFields(block)) {
    const before = texts.get(field.name);
    if (single.has(field.name)) {
      if (before === undefined) texts.set(field.name, fieldText(block, field));
    } else if (lists.has(field.name)) {
      const text = fieldText(block, field);
      texts.set(field.name, before === undefined ? text : `${before}, ${text}`);
    }
  }
  const list = (name: string) => parseAddressList(texts.get(name) ?? '');
  const from = list('from');
  const orFrom = (entries: AddressEntry[]) => (entries.length === 0 ? from : entries);
  return {
    date: texts.get('date'),
    subject: texts.get('subject'),
    from,
    sender: orFrom(list('sender')),
    replyTo: orFrom(list('reply-to')),
    to: list('to'),
    cc: list('cc'),
    bcc: list('bcc'),
    inReplyTo: texts.get('in-reply-to'),
    messageId: texts.get('message-id'),
  };
}
