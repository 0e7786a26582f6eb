import { isUtf8 } from 'node:buffer';
import { BadSyntax } from '../bad-syntax.ts';
import type { NamePattern } from '../commands.ts';
import { decodeUtf7 } from '../utf7.ts';
import type { Reader } from './reader.ts';
import { astringBytes, stringBytes } from './text.ts';

/**
 *     mailbox = "INBOX" / astring                         ; RFC 9051 §9
 *
 * Gives the name in Unicode; INBOX in any case is `INBOX`.
 */
export function mailbox(reader: Reader): string {
  const name = mailboxName(astringBytes(reader, 'a mailbox name'), reader);
  return reader.dialect.names?.fromWire(name) ?? name;
}

/** The reference name of LIST and LSUB: the beginning of a pattern, as the client has it (RFC 9051 §6.3.9). */
export function listReference(reader: Reader): NamePattern {
  return namePattern(astringBytes(reader, 'a reference name'), reader);
}

/**
 *     list-mailbox  = 1*list-char / string                ; RFC 9051 §9
 *     list-char     = ATOM-CHAR / list-wildcards / resp-specials
 */
export function listMailbox(reader: Reader): NamePattern {
  const plain = reader.match(/[!#$%&'*+,\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]+/y);
  return namePattern(plain === null ? stringBytes(reader, 'a mailbox pattern') : Buffer.from(plain, 'latin1'), reader);
}

/** A wildcard may stand within what modified UTF-7 encodes, and a reference may end there. */
function namePattern(bytes: Buffer, reader: Reader): NamePattern {
  const spelled = bytes.toString('latin1');
  const isPlain = !reader.dialect.utf8 && /^[\x20-\x7e]*$/.test(spelled);
  return isPlain && decodeUtf7(spelled) === null ? { spelled } : mailboxName(bytes, reader);
}

function mailboxName(bytes: Buffer, reader: Reader): string {
  const name = reader.dialect.utf8 ? fromUtf8(bytes) : decodeUtf7(bytes.toString('latin1'));
  if (name === null) {
    throw new BadSyntax(`Mailbox name is not valid ${reader.dialect.utf8 ? 'UTF-8' : 'modified UTF-7'}`);
  }
  if (/[\x00-\x1f\x7f]/.test(name)) throw new BadSyntax('Mailbox name contains a control character');
  return /^inbox$/i.test(name) ? 'INBOX' : name;
}

function fromUtf8(bytes: Buffer): string | null {
  return isUtf8(bytes) ? bytes.toString('utf8') : null;
}
