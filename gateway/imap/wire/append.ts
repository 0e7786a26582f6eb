import type { AnnotationToStore } from './annotation.ts';
import { BadSyntax } from './bad-syntax.ts';
import type { Frame } from './frame.ts';
import { annotationsToStore } from './read/annotation.ts';
import { dateTime } from './read/date.ts';
import { flagList } from './read/flag.ts';
import { mailbox } from './read/mailbox.ts';
import { type Dialect, Reader } from './read/reader.ts';
import { astring, nzNumber, tag } from './read/text.ts';
import type { SequenceBound } from './sequence-set.ts';

/** How the octets of a message come: as a literal, as `UTF8 (literal8)` (RFC 9755 §4), or in parts (RFC 4469). */
export type AppendData = 'literal' | 'utf8' | 'catenate';

/** What an APPEND says about a message before its octets come. */
export interface AppendMessage {
  readonly flags: readonly string[];
  /** Milliseconds since 1970, or null: the time of arrival. */
  readonly internalDateMs: number | null;
  /** RFC 5257 §4.7. */
  readonly annotations: readonly AnnotationToStore[];
  readonly data: AppendData;
}

/** An APPEND or REPLACE in the order in which it comes. */
export type AppendStep =
  | ({ readonly kind: 'message' } & AppendMessage)
  /** The literal that the frame ends with. */
  | { readonly kind: 'literal' }
  | { readonly kind: 'url'; readonly url: string }
  /** All octets of the message have come. */
  | { readonly kind: 'end' };

/** The steps of one frame, and the message that goes on in the next, if one does. */
export interface AppendSteps {
  readonly steps: readonly AppendStep[];
  readonly within: AppendData | null;
}

export interface AppendStart extends AppendSteps {
  readonly tag: string;
  /** The message that a REPLACE is about (RFC 8508); null in an APPEND. */
  readonly replaced: { readonly number: SequenceBound; readonly uid: boolean } | null;
  readonly mailbox: string;
}

/** Whether a command that holds no streamed literal is one that may: an APPEND of URLs alone, or a broken one. */
export function isAppend({ fragments: [first] }: Frame): boolean {
  return (
    first?.kind === 'line' && /^[^ ]{1,255} (?:APPEND|(?:UID )?REPLACE) /i.test(first.bytes.toString('latin1', 0, 300))
  );
}

/**
 *     append         = "APPEND" SP mailbox 1*append-message              ; RFC 3502 §6
 *     replace        = ["UID" SP] "REPLACE" SP seq-number SP mailbox append-message      ; RFC 8508 §5
 *
 * Reads the first frame; `literal`: one follows it. Throws {@link BadSyntax} with the tag.
 */
export function parseAppend(frame: Frame, literal: boolean, dialect: Dialect): AppendStart {
  const reader = new Reader(frame, dialect);
  let commandTag: string | null = null;
  try {
    commandTag = tag(reader);
    reader.sp();
    const replaced = reader.skip('APPEND ') ? null : replacedNumber(reader);
    const name = mailbox(reader);
    const rest = appendSteps(reader, null, literal);
    if (rest.steps.length === 0) reader.fail('a message');
    return { tag: commandTag, replaced, mailbox: name, ...rest };
  } catch (error) {
    throw error instanceof BadSyntax ? new BadSyntax(error.message, commandTag) : error;
  }
}

/** Reads what follows a literal of the same command, and may end with the next one (`literal`). */
export function parseAppendRest(
  frame: Frame,
  within: AppendData | null,
  literal: boolean,
  dialect: Dialect,
): AppendSteps {
  return appendSteps(new Reader(frame, dialect), within, literal);
}

function replacedNumber(reader: Reader): AppendStart['replaced'] {
  const uid = reader.skip('UID ');
  reader.expect('REPLACE ');
  const number = reader.skip('*') ? '*' : nzNumber(reader, 'a message number');
  reader.sp();
  return { number, uid };
}

function appendSteps(reader: Reader, before: AppendData | null, literal: boolean): AppendSteps {
  const steps: AppendStep[] = [];
  let within = before;
  for (;;) {
    if (within === 'catenate') {
      if (!reader.skip(')')) {
        reader.sp();
        steps.push(catenatePart(reader, literal));
        if (steps.at(-1)?.kind === 'literal') return { steps, within };
        continue;
      }
    } else if (within === 'utf8') reader.expect(')');
    if (within !== null) steps.push({ kind: 'end' });
    if (!literal) reader.match(/ +$/y);
    if (reader.atEnd() && !literal) return { steps, within: null };
    const message = appendMessage(reader);
    within = message.data;
    steps.push({ kind: 'message', ...message });
    if (within === 'catenate') steps.push(catenatePart(reader, literal));
    else if (reader.atEnd() && literal) steps.push({ kind: 'literal' });
    else reader.fail('a literal');
    if (steps.at(-1)?.kind === 'literal') return { steps, within };
  }
}

/**
 *     append-message = [SP flag-list] [SP date-time] SP append-data      ; RFC 9051 §9, RFC 4466 §2.3
 *     append-data    = literal / literal8 / "UTF8" SP "(" literal8 ")"   ; RFC 3516 §7, RFC 9755 §4
 *     append-ext    =/ att-annotate                                      ; RFC 5257 §5
 *     append-data   =/ "CATENATE" SP "(" cat-part *(SP cat-part) ")"     ; RFC 4469 §5
 *
 * Values of annotations are quoted: a literal within an APPEND is taken for a message.
 */
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
  let annotations: readonly AnnotationToStore[] = [];
  if (/^A$/i.test(reader.peek())) {
    annotations = annotationsToStore(reader);
    reader.sp();
  }
  const data = reader.skip('CATENATE (') ? 'catenate' : reader.skip('UTF8 (') ? 'utf8' : 'literal';
  return { flags, internalDateMs, annotations, data };
}

/**
 *     cat-part = "TEXT" SP literal / "URL" SP astring                    ; RFC 4469 §5
 */
function catenatePart(reader: Reader, literal: boolean): AppendStep {
  if (reader.skip('URL ')) return { kind: 'url', url: astring(reader, 'a URL') };
  reader.expect('TEXT ', 'TEXT or URL');
  if (!reader.atEnd() || !literal) reader.fail('a literal');
  return { kind: 'literal' };
}
