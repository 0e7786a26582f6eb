import type { Dialect } from '../read/reader.ts';
import { astring, mailbox, nstring, string } from './text.ts';

/**
 *     metadata-resp = "METADATA" SP mailbox SP "(" entry-value *(SP entry-value) ")"      ; RFC 5464 §5
 *
 * Quoted throughout: tools that look for quotes are older than the grammar.
 */
export function metadata(
  name: string,
  values: readonly (readonly [entry: string, value: string | null])[],
  dialect: Dialect,
): string {
  const texts = values.map(([entry, value]) => `${astring(entry, dialect)} ${nstring(value, dialect)}`);
  return `* METADATA ${quotedMailbox(name, dialect)} (${texts.join(' ')})\r\n`;
}

/** `metadata-resp = "METADATA" SP mailbox SP entry-list` (RFC 5464 §4.4.2): these have changed. */
export function changedMetadata(name: string, entries: readonly string[], dialect: Dialect): string {
  return `* METADATA ${quotedMailbox(name, dialect)} ${entries.map((entry) => astring(entry, dialect)).join(' ')}\r\n`;
}

/** `* ANNOTATION mailbox entry (attribute value ...)` (draft-daboo-imap-annotatemore §6). */
export function annotation(
  name: string,
  entry: string,
  attributes: readonly (readonly [attribute: string, value: string | null])[],
  dialect: Dialect,
): string {
  const texts = attributes.map(([attribute, value]) => `${string(attribute, dialect)} ${nstring(value, dialect)}`);
  return `* ANNOTATION ${quotedMailbox(name, dialect)} ${string(entry, dialect)} (${texts.join(' ')})\r\n`;
}

function quotedMailbox(name: string, dialect: Dialect): string {
  const text = mailbox(name, dialect);
  return /^["{]/.test(text) ? text : `"${text}"`;
}
