import { addressSpec, mailboxesOf, parseAddressList } from './address.ts';
import { decodeWords } from './encoded-word.ts';
import { firstValue, headerFields } from './header.ts';
import { writeField } from './write-field.ts';

/** Fields that speak for another sender, or that a changed From makes untrue. */
const REPLACED = new Set(['from', 'sender', 'return-path', 'dkim-signature']);

/**
 * A message as a relay takes it that only sends for the domain of `sender`: from there it goes as it is; one from elsewhere
 * is From `sender` with the author as its display name, and is answered to the author (Reply-To, RFC 5322 §3.6.2).
 */
export function sentFrom(message: Buffer, sender: string): Buffer {
  const isOwn = (value: string): boolean => {
    const mailboxes = mailboxesOf(parseAddressList(value));
    return mailboxes.length > 0 && mailboxes.every(({ host }) => isBelow(host, sender));
  };
  const from = firstValue(message, 'from') ?? '';
  if (isOwn(from) && isOwn(firstValue(message, 'sender') ?? from)) return message;
  const rest: Buffer[] = [];
  let author: Buffer | undefined;
  let end = 0;
  for (const { name, start, valueStart, end: fieldEnd } of headerFields(message)) {
    if (name === 'from') author ??= message.subarray(valueStart, fieldEnd);
    if (!REPLACED.has(name)) rest.push(message.subarray(start, fieldEnd));
    end = fieldEnd;
  }
  const head: Buffer[] = [writeField('From', `${displayName(from)}<${sender}>`)];
  if (author !== undefined) {
    // As it was written, encoded words and all.
    head.push(Buffer.from('X-Original-From:'), author);
    if (firstValue(message, 'reply-to') === undefined) head.push(Buffer.from('Reply-To:'), author);
  }
  return Buffer.concat([...head, ...rest, message.subarray(end)]);
}

/** Whether an address, or a domain, is of the domain of `sender` or below it. */
export function isBelow(address: string, sender: string): boolean {
  const [host, domain] = [address, sender].map((each) => each.slice(each.lastIndexOf('@') + 1).toLowerCase());
  return host === domain || host?.endsWith(`.${domain}`) === true;
}

/** The first author, named so that the reader sees whose message it is; the address is a comment (RFC 5322 §3.2.2). */
function displayName(from: string): string {
  const [author] = mailboxesOf(parseAddressList(from));
  if (author === undefined) return '';
  const name = decodeWords(author.name ?? '')
    .replace(/[^\p{L}\p{N}\p{M}'-]+/gu, ' ')
    .trim();
  const address = addressSpec(author).replace(/[()\\\s]/g, '');
  return `${name === '' ? '' : `${name} `}(${address}) `;
}
