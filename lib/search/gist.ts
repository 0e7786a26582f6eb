import { type AddressEntry, addressSpec } from '../message/address.ts';
import { decodeWords } from '../message/encoded-word.ts';
import type { Envelope } from '../message/envelope.ts';
import { fold } from '../message/fold.ts';
import { baseSubject } from '../message/subject.ts';
import { messageIds, type Summary } from '../message/summary.ts';
import { collationKey } from './collation.ts';

/** Fields of the envelope that SEARCH has keys for (RFC 9051 §6.4.4). */
export type TextField = 'bcc' | 'cc' | 'from' | 'subject' | 'to';

/** What searching, ordering and threading need of a message: texts, keys to compare, and the ids that join messages. */
export interface Gist {
  /** The base subject (RFC 5256 §2.1). */
  readonly subject: string;
  readonly isReplyOrForward: boolean;
  /** `addr-mailbox` of the first address (RFC 5256 §3). */
  readonly from: string;
  readonly to: string;
  readonly cc: string;
  /** What a client displays of the first address (RFC 5957 §3). */
  readonly displayFrom: string;
  readonly displayTo: string;
  /** The Date field, seconds since 1970; undefined when there is none that can be read. */
  readonly sentDate: number | undefined;
  /** The day of the Date field as it is written, whatever the zone, in days since 1970. */
  readonly sentDay: number | undefined;
  readonly messageId: string | undefined;
  /** The oldest first; of those without References, the first of In-Reply-To. */
  readonly references: readonly string[];
  /** The fields as people read them, folded. */
  readonly texts: Readonly<Record<TextField, string>>;
}

/** Characters of an id that tell it from others: RFC 5322 §2.1.1 has no longer lines. */
const MAX_ID_CHARS = 998;

const DAY_SECONDS = 86_400;

export function gistOf({ envelope, references, sentDate }: Summary): Gist {
  const { text, isReplyOrForward } = baseSubject(envelope.subject ?? '');
  const [messageId] = messageIds(envelope.messageId ?? '');
  return {
    subject: collationKey(text),
    isReplyOrForward,
    from: mailboxKey(envelope.from),
    to: mailboxKey(envelope.to),
    cc: mailboxKey(envelope.cc),
    displayFrom: displayKey(envelope.from),
    displayTo: displayKey(envelope.to),
    sentDate: sentDate?.epochSeconds,
    sentDay: sentDate && Math.floor((sentDate.epochSeconds + sentDate.offsetMinutes * 60) / DAY_SECONDS),
    messageId: messageId && normalId(messageId),
    references: references.map(normalId),
    texts: textsOf(envelope),
  };
}

/** What a gist takes in memory, in bytes, about. */
export function gistBytes(gist: Gist): number {
  const { subject, from, to, cc, displayFrom, displayTo, messageId, references, texts } = gist;
  const keys = [subject, from, to, cc, displayFrom, displayTo, messageId ?? ''];
  return [...keys, ...references, ...Object.values(texts)].reduce((sum, text) => sum + 24 + text.length * 2, 200);
}

function textsOf({ bcc, cc, from, subject, to }: Envelope): Gist['texts'] {
  return {
    bcc: addressText(bcc),
    cc: addressText(cc),
    from: addressText(from),
    subject: fold(decodeWords(subject ?? '')),
    to: addressText(to),
  };
}

/** Addresses as people read them, `Name <local@host>`, with encoded words decoded; folded. */
function addressText(entries: readonly AddressEntry[]): string {
  const texts = entries.map((entry) => {
    if (entry.kind === 'group-end') return ';';
    if (entry.kind === 'group') return `${decodeWords(entry.name)}:`;
    const spec = addressSpec(entry);
    return entry.name === undefined ? spec : `${decodeWords(entry.name)} <${spec}>`;
  });
  return fold(texts.join(', '));
}

/** The first address structure of the envelope; of a group that is its name. */
function mailboxKey([first]: readonly AddressEntry[]): string {
  if (first === undefined || first.kind === 'group-end') return '';
  return collationKey(first.kind === 'group' ? first.name : first.mailbox);
}

/** The display name if there is one, else the address; encoded words decoded. */
function displayKey([first]: readonly AddressEntry[]): string {
  if (first === undefined || first.kind === 'group-end') return '';
  if (first.kind === 'group') return collationKey(decodeWords(first.name).trim());
  const name = decodeWords(first.name ?? '').trim();
  return collationKey(name === '' ? addressSpec(first) : name);
}

/** RFC 5256 §3: quoting that an id does not need makes no other id. */
function normalId(id: string): string {
  const match = /^<"([^"\\\s<>@]+)"@(.*)>$/s.exec(id);
  return (match === null ? id : `<${match[1]}@${match[2]}>`).slice(0, MAX_ID_CHARS);
}
