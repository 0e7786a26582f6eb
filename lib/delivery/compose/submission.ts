import { addressSpec, mailboxesOf, parseAddressList } from '../../message/address.ts';
import { field, formatDate, textField, textPart } from '../../message/compose.ts';
import { allValues, firstValue, pickFields } from '../../message/header.ts';

/** Who sends a message of the Outbox, and what it gets where it lacks that (RFC 6409 §8). */
export interface Submitting {
  /** The user's address. */
  readonly from: string;
  /** Domain of recipients that are given without one. */
  readonly domain: string;
  /** A field that says who has logged in (`headerfrom`); one that the client has set goes. */
  readonly sender: { readonly field: string; readonly user: string } | undefined;
  readonly messageId: string;
  readonly timeMs: number;
  readonly offsetMinutes: number;
}

/** To whom a message goes, each address once: those of To, Cc and Bcc that SMTP can carry. */
export function recipientsOf(header: Uint8Array, domain: string): readonly string[] {
  const texts = ['to', 'cc', 'bcc'].flatMap((name) => allValues(header, name));
  const addresses = texts.flatMap((text) => mailboxesOf(parseAddressList(text)));
  const specs = addresses.map(({ mailbox, host }) => addressSpec({ mailbox, host: host || domain }));
  return [...new Map(specs.filter(isAddress).map((spec) => [spec.toLowerCase(), spec])).values()];
}

/** The header as it goes out: nobody learns of Bcc, and only the last MTA writes a Return-Path. */
export function submittedHeader(header: Uint8Array, submitting: Submitting): Buffer {
  const { from, sender, messageId, timeMs, offsetMinutes } = submitting;
  const dropped = ['bcc', 'return-path', ...(sender === undefined ? [] : [sender.field])];
  const lacks = (name: string): boolean => firstValue(header, name) === undefined;
  const added = [
    ...(sender === undefined ? [] : [textField(sender.field, sender.user)]),
    ...(lacks('from') ? [field('From', from)] : []),
    ...(lacks('date') ? [field('Date', formatDate(timeMs, offsetMinutes))] : []),
    ...(lacks('message-id') ? [field('Message-ID', `<${messageId}>`)] : []),
  ].join('');
  return Buffer.concat([Buffer.from(added, 'utf8'), pickFields(header, dropped, 'except')]);
}

/** What the user is told of a message that could not be sent to one address. */
export function unsentNotice(
  { from, messageId, timeMs, offsetMinutes }: Pick<Submitting, 'from' | 'messageId' | 'timeMs' | 'offsetMinutes'>,
  { to, subject, why }: { readonly to: string; readonly subject: string; readonly why: string },
): Buffer {
  const head = [
    'Return-Path: <>\r\n',
    field('From', `Mail delivery <MAILER-DAEMON@${from.slice(from.lastIndexOf('@') + 1)}>`),
    field('To', from),
    textField('Subject', `Not sent: ${subject}`),
    field('Date', formatDate(timeMs, offsetMinutes)),
    field('Message-ID', `<${messageId}>`),
    field('Auto-Submitted', 'auto-replied'),
    'MIME-Version: 1.0\r\n',
  ].join('');
  const text = `A message of yours was not sent to ${to}.\n\nSubject: ${subject}\nReason: ${why}\n`;
  return Buffer.from(head + textPart(text), 'utf8');
}

function isAddress(text: string): boolean {
  return /^[^\s<>@]+@[^\s<>@"]+$/.test(text);
}
