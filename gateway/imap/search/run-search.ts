import { loadGists } from '../../../lib/search/gist-cache.ts';
import { StoreError } from '../../../lib/store/errors.ts';
import type { ColdRow } from '../../../lib/store/mailbox-block.ts';
import { type MessageRef, mailboxSummaries } from '../../../lib/store/summary-pieces.ts';
import { UidSet } from '../../../lib/store/uid-set.ts';
import type { Context } from '../context.ts';
import { Refused } from '../errors.ts';
import { MessageWindow } from '../fetch/message-window.ts';
import { ReadAhead, type Wanted } from '../fetch/read-ahead.ts';
import { no } from '../reply.ts';
import type { Selected } from '../selected.ts';
import { asked, Candidate } from './candidate.ts';
import { evaluate } from './evaluate.ts';
import type { Cost, Question } from './question.ts';

/** A search reads a message in pieces of at most this size. */
const WINDOW_BYTES = 1024 * 1024;

/**
 * The UIDs of the messages that answer the question with yes, ascending. What is cheap is asked first, and dearer data is
 * only loaded for messages that are still undecided. Lets other sessions run, and ends when the client is gone.
 * `endAt`: when it gives up, in milliseconds of `performance.now()`.
 */
export async function runSearch(
  context: Context,
  question: Question,
  selected: Selected,
  endAt: number,
): Promise<number[]> {
  if (question.ask === 'constant') return question.value ? [...selected.view.allUids()] : [];
  const search = new Search(context, question, selected, endAt);
  const { options } = context;
  const { view } = selected;
  const ofSelected = context.hasSelected && selected === context.selected;
  let batch: Candidate[] = [];
  let seen = 0;
  for (const block of view.state.blocks) {
    for (const [row, uid] of block.uids.entries()) {
      const bits = view.state.flagSets.bitsAt(block.flags[row] ?? 0);
      const candidate = new Candidate(uid, bits, block.seqs[row] ?? 0, selected.isRecent(uid));
      // The usual question is answered by the view alone: then nothing is batched.
      if (!search.decide(candidate, 'view')) batch.push(candidate);
      seen++;
      if (batch.length < options.limits.batchMessages) continue;
      if (ofSelected) context.progress(seen - batch.length, view.exists);
      await search.ask(batch);
      batch = [];
    }
    await search.breathe();
  }
  await search.ask(batch);
  return search.found.sort((a, b) => a - b);
}

class Search {
  readonly found: number[] = [];
  readonly #context: Context;
  readonly #selected: Selected;
  readonly #question: Question;
  readonly #asksGist: boolean;
  readonly #asksHeader: boolean;
  readonly #asksAnnotations: boolean;
  readonly #window: MessageWindow;
  readonly #endAt: number;

  constructor(context: Context, question: Question, selected: Selected, endAt: number) {
    this.#context = context;
    this.#selected = selected;
    this.#question = question;
    this.#asksGist = (['field', 'sent-day', 'thread'] as const).some((kind) => !asked(question, kind).next().done);
    this.#asksHeader = !asked(question, 'header').next().done;
    this.#asksAnnotations = !asked(question, 'annotation').next().done;
    this.#endAt = endAt;
    const { open } = selected;
    this.#window = new MessageWindow(open.store.context, open.space, WINDOW_BYTES);
  }

  /** Lets others run; a search that takes too long ends here (RFC 5530 §3, LIMIT). */
  async breathe(): Promise<void> {
    if (performance.now() >= this.#endAt) {
      throw new Refused(no('The search takes too long: ask for fewer messages, or less of them', 'LIMIT'));
    }
    await this.#context.breathe();
  }

  /** Whether the message is decided by what is known of it. */
  decide(candidate: Candidate, known: Cost): boolean {
    const value = evaluate(this.#question, candidate, known);
    if (value === true) this.found.push(candidate.uid);
    return value !== undefined;
  }

  /** Decides messages that need more than the view. */
  async ask(candidates: readonly Candidate[]): Promise<void> {
    if (candidates.length === 0) return;
    const { open, view } = this.#selected;
    const rows = await open.mailbox.cold(view, UidSet.fromSorted(candidates.map(({ uid }) => uid)));
    for (const candidate of candidates) candidate.row = rows.get(candidate.uid);
    const undecided = candidates.filter((candidate) => !this.decide(candidate, 'row') && candidate.row !== undefined);
    if (undecided.length === 0) return;
    const left = this.#asksAnnotations ? await this.#askAnnotations(undecided) : undecided;
    if (left.length === 0) return;
    await this.#askOctets(this.#asksGist ? await this.#askGists(left) : left);
  }

  /** Those that their annotations do not decide (RFC 5257). */
  async #askAnnotations(candidates: readonly Candidate[]): Promise<readonly Candidate[]> {
    const { open, view } = this.#selected;
    const values = await open.mailbox.annotations(view, UidSet.fromSorted(candidates.map(({ uid }) => uid)));
    for (const candidate of candidates) candidate.annotations = values.get(candidate.uid);
    return candidates.filter((candidate) => !this.decide(candidate, 'annotations'));
  }

  /** Those that their gists do not decide. */
  async #askGists(candidates: readonly Candidate[]): Promise<readonly Candidate[]> {
    const { gists: cache } = this.#context.options;
    const gists = await loadGists(cache, this.#selected, refsOf(candidates), () => this.breathe());
    for (const [i, candidate] of candidates.entries()) candidate.gist = gists[i];
    return candidates.filter((candidate) => !this.decide(candidate, 'gist'));
  }

  /** Reads messages, some ahead of the one that is searched. */
  async #askOctets(candidates: readonly Candidate[]): Promise<void> {
    if (candidates.length === 0) return;
    const { open, view } = this.#selected;
    const unpack = await mailboxSummaries(open, view, refsOf(candidates));
    const ahead = new ReadAhead(open, this.#window, candidates, ({ row }) => row && wholeOf(row));
    for (const [i, candidate] of candidates.entries()) {
      await ahead.upTo(i);
      candidate.summary = await unpack(i);
      await this.#read(candidate);
      candidate.forget();
      await this.breathe();
    }
  }

  async #read(candidate: Candidate): Promise<void> {
    try {
      if (this.#asksHeader) await candidate.loadHeader(this.#window);
      if (this.decide(candidate, 'header')) return;
      await candidate.loadTexts(this.#question, this.#window, () => this.breathe());
      this.decide(candidate, 'text');
    } catch (error) {
      // The message went while it was searched: it is in no result.
      if (!(error instanceof StoreError && error.code === 'expunged')) throw error;
    }
  }
}

function refsOf(candidates: readonly Candidate[]): MessageRef[] {
  return candidates.flatMap(({ uid, row }) => (row === undefined ? [] : [{ uid, blob: row.blob }]));
}

/** A short message is read whole, once. */
function wholeOf({ blob, sizeBytes }: ColdRow): Wanted {
  return { blob, range: { start: 0, end: sizeBytes } };
}
