import { addressSpec, mailboxesOf, parseAddressList } from '../../message/address.ts';
import { allValues, firstValue } from '../../message/header.ts';

/** A message that may be answered, and who the user is that would answer. */
export interface Answerable {
  readonly header: Uint8Array;
  /** Reverse-path. */
  readonly sender: string;
  /** Addresses of the user, in any case. */
  readonly own: readonly string[];
}

/** Fields that only mailing lists write (RFC 2369, RFC 2919). */
const LIST_FIELDS = ['id', 'help', 'subscribe', 'unsubscribe', 'post', 'owner', 'archive'].map(
  (name) => `list-${name}`,
);

const RECIPIENT_FIELDS = ['to', 'cc', 'bcc', 'resent-to', 'resent-cc', 'resent-bcc'];

/** Addresses behind which nobody reads (RFC 5230 §4.6, RFC 3834 §2). */
const NOBODY =
  /^(mailer-daemon|postmaster|listserv|majordomo|(owner|bounces?)-.*|.*-(request|owner|bounces?|relay)|(no|do-?not|never)[-_.]?reply.*|.*[-_.+](no|do-?not)[-_.]?reply)$/i;

/** Why a message is not answered automatically; undefined: it is (RFC 3834 §2, RFC 5230 §4.5, §4.6). */
export function whyNotAnswered({ header, sender, own }: Answerable): string | undefined {
  if (sender === '') return 'a bounce';
  const local = sender.slice(0, sender.lastIndexOf('@') < 0 ? undefined : sender.lastIndexOf('@'));
  if (NOBODY.test(local)) return 'nobody reads there';
  if (own.some((address) => isSame(address, sender))) return 'from the user';
  if (LIST_FIELDS.some((name) => firstValue(header, name) !== undefined)) return 'from a mailing list';
  if (allValues(header, 'auto-submitted').some((value) => !/^no\b/i.test(value))) return 'sent by a machine';
  if (allValues(header, 'precedence').some((value) => /^(bulk|list|junk)\b/i.test(value))) return 'bulk mail';
  const suppress = allValues(header, 'x-auto-response-suppress').join(',');
  if (/\b(all|oof|autoreply)\b/i.test(suppress)) return 'no answer is wanted';
  return isAddressed(header, own) ? undefined : 'not addressed to the user';
}

/** RFC 5230 §4.5: one of the user's addresses is among the recipients that the header names. */
function isAddressed(header: Uint8Array, own: readonly string[]): boolean {
  for (const name of RECIPIENT_FIELDS) {
    for (const value of allValues(header, name)) {
      const named = mailboxesOf(parseAddressList(value)).map(addressSpec);
      if (named.some((address) => own.some((mine) => isSame(mine, address)))) return true;
    }
  }
  return false;
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** The address without its detail: `anna@example.com` of `anna+lists@example.com`. */
export function withoutDetail(address: string, delimiter = '+'): string {
  const at = address.lastIndexOf('@');
  const [local, domain] = at < 0 ? [address, ''] : [address.slice(0, at), address.slice(at)];
  const plus = local.indexOf(delimiter, 1);
  return plus < 0 ? address : `${local.slice(0, plus)}${domain}`;
}
