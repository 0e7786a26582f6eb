import type { Dialect } from '../read/reader.ts';
import { astring, mailbox } from './text.ts';

/**
 *     acl-data = "ACL" SP mailbox *(SP identifier SP rights)      ; RFC 4314 §7
 */
export function acl(
  name: string,
  entries: readonly (readonly [identifier: string, rights: string])[],
  dialect: Dialect,
): string {
  const texts = entries.map(([identifier, rights]) => ` ${astring(identifier, dialect)} ${rightsText(rights)}`);
  return `* ACL ${mailbox(name, dialect)}${texts.join('')}\r\n`;
}

/**
 *     myrights-data = "MYRIGHTS" SP mailbox SP rights             ; RFC 4314 §7
 */
export function myRights(name: string, rights: string, dialect: Dialect): string {
  return `* MYRIGHTS ${mailbox(name, dialect)} ${rightsText(rights)}\r\n`;
}

/**
 *     listrights-data = "LISTRIGHTS" SP mailbox SP identifier SP rights *(SP rights)      ; RFC 4314 §7
 *
 * First what the identifier always has, then the sets of rights that can only be given together.
 */
export function listRights(
  name: string,
  identifier: string,
  required: string,
  optional: readonly string[],
  dialect: Dialect,
): string {
  const sets = [required, ...optional].map(rightsText).join(' ');
  return `* LISTRIGHTS ${mailbox(name, dialect)} ${astring(identifier, dialect)} ${sets}\r\n`;
}

/** Rights are an astring: none are `""`. */
function rightsText(rights: string): string {
  return rights === '' ? '""' : rights;
}
