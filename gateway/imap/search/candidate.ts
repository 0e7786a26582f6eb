import { decodeWords } from '../../../lib/message/encoded-word.ts';
import { fold } from '../../../lib/message/fold.ts';
import { fieldText, headerFields } from '../../../lib/message/header.ts';
import { maxSearchedHeaderBytes } from '../../../lib/message/limits.ts';
import type { Summary } from '../../../lib/message/summary.ts';
import { findText } from '../../../lib/message/text.ts';
import type { Gist } from '../../../lib/search/gist.ts';
import type { ValuesByUid } from '../../../lib/store/mailbox-annotations.ts';
import type { ColdRow } from '../../../lib/store/mailbox-block.ts';
import type { MessageWindow } from '../fetch/message-window.ts';
import type { Question } from './question.ts';

type TextQuestion = Question & { readonly ask: 'text' };

/** A message that a search looks at; what it needs is filled in step by step. */
export class Candidate {
  readonly uid: number;
  readonly bits: bigint;
  readonly seq: number;
  readonly isRecent: boolean;
  row: ColdRow | undefined;
  gist: Gist | undefined;
  annotations: ReturnType<ValuesByUid['get']>;
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
    const end = Math.min(this.summary.headerBytes, maxSearchedHeaderBytes);
    this.#header = await window.read(this.row.blob, { start: 0, end });
  }

  /** Lets go of what was read of the message. */
  forget(): void {
    this.summary = undefined;
    this.#header = undefined;
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
    const search = findText(summary.structure, scope, needle);
    let step = search.next();
    while (!step.done) {
      const { start, end, upTo } = step.value;
      const held = window.held(row.blob, { start, end });
      if (held === undefined) await breathe();
      step = search.next(held ?? (await window.read(row.blob, { start, end }, upTo)));
    }
    return step.value;
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
