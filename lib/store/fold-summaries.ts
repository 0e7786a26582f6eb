import type { Id } from '../base/ids.ts';
import { summaryPieceLimits } from '../base/limits.ts';
import type { LogContext } from './log.ts';
import type { ColumnPiece } from './mailbox-manifest.ts';
import type { MailboxView } from './mailbox-view.ts';
import { storedSummaries } from './messages.ts';
import { putPiece } from './pieces.ts';
import { encodeSummaryPiece, summaryPiece } from './summary-pieces.ts';
import { rowsOf } from './sweep-rows.ts';

/** Summaries read together. */
const BATCH = 100;

/**
 * Summaries of the messages in pieces of UID ranges, beside the items that they are copies of: what FETCH of many reads at
 * once. The last piece fills up, empty ones go, mostly dead ones are written again. A message whose summary is not there, or is
 * large, is in none.
 */
export async function foldSummaries(
  context: LogContext,
  view: MailboxView,
  space: Id,
  maxRows: number,
): Promise<ColumnPiece[]> {
  const to = new PieceWriter(context, view.state.id, maxRows);
  const before = view.state.snapshot?.summaries ?? [];
  let next = 1;
  for (const piece of before) {
    next = piece.toUid + 1;
    const left = view.countBelow(next) - view.countBelow(piece.fromUid);
    if (left === 0) continue;
    const isOpen = piece === before.at(-1) && piece.rows < maxRows / 2 && view.countBelow(next) < view.exists;
    const old = isOpen || left < piece.rows / 2 ? await summaryPiece(context, view.state.id, piece) : undefined;
    if (old === undefined) {
      await to.keep(piece);
      continue;
    }
    to.passOver(piece.fromUid);
    for (const uid of old.uids) if (view.has(uid)) await to.add(uid, old.get(uid));
    to.passOver(piece.toUid);
  }
  for await (const rows of rowsOf(context, view, { fromUid: next })) {
    const live = rows.filter(({ expungedMs }) => expungedMs === undefined);
    for (let at = 0; at < live.length; at += BATCH) {
      const some = live.slice(at, at + BATCH);
      const found = await storedSummaries(
        context,
        space,
        some.map(({ blob }) => blob),
      );
      for (const [i, { uid }] of some.entries()) await to.add(uid, found[i]);
    }
  }
  return to.finish();
}

/** Writes pieces of at most so many rows and bytes; each reaches up to where the next begins, so that none is looked at again. */
class PieceWriter {
  readonly #context: LogContext;
  readonly #mailbox: Id;
  readonly #maxRows: number;
  readonly #pieces: ColumnPiece[] = [];
  #rows: [number, Buffer][] = [];
  #bytes = 0;
  #firstUid: number | undefined;
  #lastUid = 0;

  constructor(context: LogContext, mailbox: Id, maxRows: number) {
    this.#context = context;
    this.#mailbox = mailbox;
    this.#maxRows = maxRows;
  }

  /** The next message; one without a summary is passed over. */
  async add(uid: number, packed: Buffer | undefined): Promise<void> {
    if (packed !== undefined && packed.length <= summaryPieceLimits.summaryBytes) {
      const isFull = this.#bytes + packed.length > summaryPieceLimits.pieceBytes || this.#rows.length >= this.#maxRows;
      if (isFull) await this.#flush();
      this.#rows.push([uid, packed]);
      this.#bytes += packed.length;
    }
    this.passOver(uid);
  }

  passOver(uid: number): void {
    this.#firstUid ??= uid;
    this.#lastUid = uid;
  }

  async keep(piece: ColumnPiece): Promise<void> {
    await this.#flush();
    this.#pieces.push(piece);
  }

  async finish(): Promise<ColumnPiece[]> {
    await this.#flush();
    return this.#pieces;
  }

  async #flush(): Promise<void> {
    const fromUid = this.#firstUid;
    if (fromUid === undefined) return;
    const ref = await putPiece(this.#context, 'M', this.#mailbox, await encodeSummaryPiece(this.#rows));
    this.#pieces.push({ ...ref, fromUid, toUid: this.#lastUid, rows: this.#rows.length });
    this.#firstUid = undefined;
    this.#rows = [];
    this.#bytes = 0;
  }
}
