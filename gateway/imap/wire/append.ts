import { BadSyntax } from './bad-syntax.ts';
import type { Frame } from './frame.ts';
import { dateTime } from './read/date.ts';
import { flagList } from './read/flag.ts';
import { mailbox } from './read/mailbox.ts';
import { type Dialect, Reader } from './read/reader.ts';
import { tag } from './read/text.ts';

/** What an APPEND says about a message before its octets come. */
export interface AppendMessage {
  readonly flags: readonly string[];
  /** Milliseconds since 1970, or null: the time of arrival. */
  readonly internalDateMs: number | null;
  /** `UTF8 (literal8)` of RFC 6855 §4: a `)` follows the message. */
  readonly inUtf8: boolean;
}

export interface AppendStart {
  readonly tag: string;
  readonly mailbox: string;
  readonly message: AppendMessage;
}

/**
 *     append         = "APPEND" SP mailbox 1*append-message              ; RFC 3502 §6
 *     append-message = [SP flag-list] [SP date-time] SP append-data      ; RFC 9051 §9, RFC 4466 §2.3
 *     append-data    = literal / literal8 / "UTF8" SP "(" literal8 ")"   ; RFC 3516 §7, RFC 6855 §4
 *
 * Reads the frame of the framer's first `message` event. Throws {@link BadSyntax} with the tag.
 */
export function parseAppend(frame: Frame, dialect: Dialect): AppendStart {
  const reader = new Reader(frame, dialect);
  let commandTag: string | null = null;
  try {
    commandTag = tag(reader);
    reader.sp();
    reader.expect('APPEND ');
    const name = mailbox(reader);
    return { tag: commandTag, mailbox: name, message: appendMessage(reader) };
  } catch (error) {
    throw error instanceof BadSyntax ? new BadSyntax(error.message, commandTag) : error;
  }
}

/** Reads the frame of a later `message` event of the same APPEND: MULTIAPPEND (RFC 3502). */
export function parseNextMessage(frame: Frame, previous: AppendMessage, dialect: Dialect): AppendMessage {
  const reader = new Reader(frame, dialect);
  if (previous.inUtf8) reader.expect(')');
  return appendMessage(reader);
}

/** Reads the `command` frame after the last message: it must be empty. */
export function parseAppendEnd(frame: Frame, previous: AppendMessage, dialect: Dialect): void {
  const reader = new Reader(frame, dialect);
  if (previous.inUtf8) reader.expect(')');
  reader.end();
}

function appendMessage(reader: Reader): AppendMessage {
  reader.sp();
  let flags: readonly string[] = [];
  let internalDateMs: number | null = null;
  if (reader.peek() === '(') {
    flags = flagList(reader);
    reader.sp();
  }
  if (reader.peek() === '"') {
    internalDateMs = dateTime(reader);
    reader.sp();
  }
  const inUtf8 = reader.skip('UTF8 (');
  if (!reader.atEnd()) reader.fail('a literal');
  return { flags, internalDateMs, inUtf8 };
}
