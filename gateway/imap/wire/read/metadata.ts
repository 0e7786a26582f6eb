import type { ImapCommand, MetadataOptions } from '../commands.ts';
import { listMailbox, mailbox } from './mailbox.ts';
import { type ReadArguments, type Reader, spaced } from './reader.ts';
import { astring, decodeText, list, number, string, stringBytes, word } from './text.ts';

/** The commands of RFC 5464 §4, and those of its draft that older administration tools send. */
export const metadataCommands: readonly (readonly [verb: string, read: ReadArguments])[] = [
  ['GETMETADATA', getMetadata],
  ['SETMETADATA', setMetadata],
  ['GETANNOTATION', getAnnotation],
  ['SETANNOTATION', setAnnotation],
];

/**
 *     getmetadata = "GETMETADATA" [SP getmetadata-options] SP mailbox SP entries      ; RFC 5464 §5
 *     entries     = entry / "(" entry *(SP entry) ")"
 *
 * Quirk (the RFC's own examples, §4.2.1, §4.4.1): the options behind the mailbox, and entries without parentheses.
 */
function getMetadata(reader: Reader): ImapCommand {
  reader.sp();
  let options = reader.peek() === '(' ? metadataOptions(reader) : undefined;
  if (options !== undefined) reader.sp();
  const name = mailbox(reader);
  reader.sp();
  if (options === undefined && reader.match(/(?=\((?:MAXSIZE|DEPTH) )/iy) !== null) {
    options = metadataOptions(reader);
    reader.sp();
  }
  const asked = entries(reader);
  while (reader.skip(' ') && !reader.atEnd()) asked.push(entry(reader));
  return { name: 'GETMETADATA', mailbox: name, entries: asked, ...(options ?? NO_OPTIONS) };
}

const NO_OPTIONS: MetadataOptions = { maxSize: null, depth: 0 };

/**
 *     getmetadata-options = "(" getmetadata-option *(SP getmetadata-option) ")"       ; RFC 5464 §5
 *     maxsize-opt = "MAXSIZE" SP number
 *     scope-opt   = "DEPTH" SP ("0" / "1" / "infinity")
 */
function metadataOptions(reader: Reader): MetadataOptions {
  return Object.assign({ ...NO_OPTIONS }, ...list(reader, metadataOption, false)) as MetadataOptions;
}

function metadataOption(reader: Reader): Partial<MetadataOptions> {
  const option = word(reader, 'an option');
  if (option === 'MAXSIZE') return { maxSize: spaced(reader, number) };
  if (option !== 'DEPTH') return reader.invalid('option');
  const depth = spaced(reader, (inner) => word(inner, 'a depth'));
  if (depth === '0' || depth === '1') return { depth: depth === '0' ? 0 : 1 };
  return depth === 'INFINITY' ? { depth: Number.POSITIVE_INFINITY } : reader.invalid('depth');
}

/** What follows METADATA among the return options of LIST (RFC 9590 §5). */
export function listMetadata(reader: Reader): MetadataOptions & { readonly entries: readonly string[] } {
  let options: MetadataOptions | undefined;
  if (reader.match(/(?=\((?:MAXSIZE|DEPTH) )/iy) !== null) {
    options = metadataOptions(reader);
    reader.sp();
  }
  return { entries: entries(reader), ...(options ?? NO_OPTIONS) };
}

function entries(reader: Reader): string[] {
  return reader.peek() === '(' ? list(reader, entry, false) : [entry(reader)];
}

/** `entry = astring`: slash-separated path to entry, in any case (RFC 5464 §3.2). Wildcards are let in for `cyradm info`. */
function entry(reader: Reader): string {
  const name = reader.match(/[!#$%&'*+,\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]+/y) ?? astring(reader, 'an entry');
  return name.toLowerCase();
}

/**
 *     setmetadata  = "SETMETADATA" SP mailbox SP entry-values      ; RFC 5464 §5
 *     entry-values = "(" entry-value *(SP entry-value) ")"
 *     entry-value  = entry-name SP value
 *     value        = nstring / literal8
 */
function setMetadata(reader: Reader): ImapCommand {
  const name = spaced(reader, mailbox);
  const pair = (inner: Reader): [string, string | null] => [entry(inner), spaced(inner, value)];
  return { name: 'SETMETADATA', mailbox: name, values: spaced(reader, (inner) => list(inner, pair, false)) };
}

function value(reader: Reader): string | null {
  return reader.skip('NIL') ? null : decodeText(stringBytes(reader, 'a value'));
}

/** `GETANNOTATION mailbox entries attributes` (draft-daboo-imap-annotatemore §5): each a string or a list of them. */
function getAnnotation(reader: Reader): ImapCommand {
  const pattern = spaced(reader, listMailbox);
  return { name: 'GETANNOTATION', pattern, entries: spaced(reader, entries), attributes: spaced(reader, entries) };
}

/** `SETANNOTATION mailbox entry (attribute value ...)`, or a list of such pairs (the same draft). */
function setAnnotation(reader: Reader): ImapCommand {
  const pattern = spaced(reader, listMailbox);
  reader.sp();
  const pair = (inner: Reader): [string, string | null] => [string(inner).toLowerCase(), spaced(inner, value)];
  const one = (inner: Reader): [string, [string, string | null][]] => [
    string(inner).toLowerCase(),
    spaced(inner, (attributes) => list(attributes, pair, false)),
  ];
  return { name: 'SETANNOTATION', pattern, values: reader.peek() === '(' ? list(reader, one, false) : [one(reader)] };
}
