import { type AddressEntry, addressSpec } from '../../../lib/message/address.ts';
import { decodeWords } from '../../../lib/message/encoded-word.ts';
import { FoldedSearch, fold } from '../../../lib/message/fold.ts';
import { fieldText, headerFields } from '../../../lib/message/header.ts';
import { maxTextPieceBytes } from '../../../lib/message/limits.ts';
import { type Part, walkParts } from '../../../lib/message/part.ts';
import type { Summary } from '../../../lib/message/summary.ts';
import { messageText } from '../../../lib/message/text.ts';
import type { ColdRow } from '../../../lib/store/mailbox-block.ts';
import type { MessageWindow } from '../fetch/message-window.ts';
import type { Question, TextField } from './question.ts';

type TextQuestion = Question & { readonly ask: 'text' };

/** Of an absurdly long header only the beginning is searched. */
const MAX_HEADER_BYTES = 1024 * 1024;

/** A message that a search looks at; what it needs is filled in step by step. */
export class Candidate {
  readonly uid: number;
  readonly bits: bigint;
  readonly seq: number;
  readonly isRecent: boolean;
  row: ColdRow | undefined;
  summary: Summary | undefined;
  #header: Buffer | undefined;
  readonly #texts = new Map<TextQuestion, boolean>();

  constructor(uid: number, bits: bigint, seq: number, isRecent: boolean) {
    this.uid = uid;
    this.bits = bits;
    this.seq = seq;
    this.isRecent = isRecent;
  }

  get header(): Buffer | undefined {
    return this.#header;
  }

  /** Reads the message's header. */
  async loadHeader(window: MessageWindow): Promise<void> {
    if (this.row === undefined || this.summary === undefined) return;
    const end = Math.min(this.summary.headerBytes, MAX_HEADER_BYTES);
    this.#header = await window.read(this.row.blob, { start: 0, end });
  }

  /** Lets go of what was read of the message. */
  forget(): void {
    this.summary = undefined;
    this.#header = undefined;
  }

  /** Whether an envelope field contains the text (RFC 9051 §6.4.4: FROM, SUBJECT ...). */
  fieldContains(field: TextField, needle: string): boolean {
    const envelope = this.summary?.envelope;
    if (envelope === undefined) return false;
    const text = field === 'subject' ? decodeWords(envelope.subject ?? '') : addressText(envelope[field]);
    return fold(text).includes(needle);
  }

  /** Whether a header field of this name contains the text; any text contains the empty one, if the field is there. */
  headerContains(name: string, needle: string): boolean {
    const header = this.#header ?? Buffer.alloc(0);
    for (const field of headerFields(header)) {
      if (field.name === name && fold(decodeWords(fieldText(header, field))).includes(needle)) return true;
    }
    return false;
  }

  /** Looks for the texts that a question is about; the message is read piece by piece. */
  async loadTexts(question: Question, window: MessageWindow, breathe: () => Promise<void>): Promise<void> {
    for (const one of asked(question, 'text')) {
      if (!this.#texts.has(one)) this.#texts.set(one, await this.#contains(window, one, breathe));
    }
  }

  /** What {@link loadTexts} found. */
  textAnswer(question: TextQuestion): boolean {
    return this.#texts.get(question) === true;
  }

  async #contains(
    window: MessageWindow,
    { scope, needle }: TextQuestion,
    breathe: () => Promise<void>,
  ): Promise<boolean> {
    const { row, summary } = this;
    if (row === undefined || summary === undefined) return false;
    const search = new FoldedSearch(needle);
    const root = summary.structure;
    for (const part of walkParts(root)) {
      if (search.found || (await searchPart(window, row, part, part !== root || scope === 'all', search))) return true;
      await breathe();
    }
    return search.found;
  }
}

/** The questions of a kind within a question. */
export function* asked<K extends Question['ask']>(
  question: Question,
  kind: K,
): Generator<Question & { readonly ask: K }> {
  if (isAsked(question, kind)) yield question;
  else if (question.ask === 'not') yield* asked(question.inner, kind);
  else if (question.ask === 'and' || question.ask === 'or') for (const one of question.all) yield* asked(one, kind);
}

function isAsked<K extends Question['ask']>(question: Question, kind: K): question is Question & { readonly ask: K } {
  return question.ask === kind;
}

/** Feeds the text of one part, without those below it; each piece is in memory before it is asked for. */
async function searchPart(
  window: MessageWindow,
  row: ColdRow,
  part: Part,
  withHeader: boolean,
  search: FoldedSearch,
): Promise<boolean> {
  const alone: Part = { ...part, children: [], message: undefined };
  let held: { readonly start: number; readonly bytes: Buffer } = { start: 0, bytes: Buffer.alloc(0) };
  const load = async (start: number, end: number): Promise<void> => {
    const upTo = Math.max(end, part.bodyEnd);
    held = { start, bytes: await window.read(row.blob, { start, end }, upTo) };
  };
  const read = (start: number, end: number): Uint8Array => held.bytes.subarray(start - held.start, end - held.start);
  if (withHeader) {
    const headerEnd = Math.min(part.bodyStart, part.headerStart + MAX_HEADER_BYTES);
    await load(part.headerStart, headerEnd);
    const header: Part = { ...alone, type: 'header', bodyStart: headerEnd };
    for (const { text } of messageText(read, header, 'all')) {
      search.separate();
      if (search.feed(text)) return true;
    }
  }
  if (part.type !== 'text') return false;
  search.separate();
  const pieces = messageText(read, alone, 'body');
  for (let at = part.bodyStart; ; at += maxTextPieceBytes) {
    // messageText asks for one piece at each step, in order.
    if (at < part.bodyEnd) await load(at, Math.min(part.bodyEnd, at + maxTextPieceBytes));
    const piece = pieces.next();
    if (piece.done) return false;
    if (search.feed(piece.value.text)) return true;
  }
}

/** Addresses as people read them: `Name <local@host>`, with encoded words decoded. */
function addressText(entries: readonly AddressEntry[]): string {
  const texts = entries.map((entry) => {
    if (entry.kind === 'group-end') return ';';
    if (entry.kind === 'group') return `${decodeWords(entry.name)}:`;
    const spec = addressSpec(entry);
    return entry.name === undefined ? spec : `${decodeWords(entry.name)} <${spec}>`;
  });
  return texts.join(', ');
}
