import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { BoundedCache } from '../base/bounded-cache.ts';
import { ByteReader, ByteWriter } from '../base/bytes.ts';
import type { Id } from '../base/ids.ts';
import { summaryPieceLimits } from '../base/limits.ts';
import type { Summary } from '../message/summary.ts';
import { decodeSummary } from '../message/summary-codec.ts';
import type { OpenMailbox } from './account.ts';
import { assertFormat } from './head.ts';
import type { LogContext } from './log.ts';
import { lowerBound } from './mailbox-block.ts';
import type { ColumnPiece } from './mailbox-manifest.ts';
import type { MailboxView } from './mailbox-view.ts';
import { packedSummaries } from './messages.ts';
import { getPiece } from './pieces.ts';

const FORMAT = 1;
const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** The packed summaries of messages in a UID range, ascending by UID; those that are not kept here are left out. */
export class SummaryPiece {
  readonly uids: Uint32Array;
  readonly #ends: Uint32Array;
  readonly #bytes: Buffer;

  constructor(uids: Uint32Array, ends: Uint32Array, bytes: Buffer) {
    this.uids = uids;
    this.#ends = ends;
    this.#bytes = bytes;
  }

  /** Of the bytes in memory. */
  get sizeBytes(): number {
    return this.#bytes.length + this.uids.byteLength + this.#ends.byteLength;
  }

  /** The packed summary of the message. */
  get(uid: number): Buffer | undefined {
    const row = lowerBound(this.uids, uid);
    if (this.uids[row] !== uid) return undefined;
    return this.#bytes.subarray(row === 0 ? 0 : this.#ends[row - 1], this.#ends[row]);
  }
}

/** Columns of UIDs and lengths, then the summaries one after another, deflated together. */
export async function encodeSummaryPiece(rows: readonly (readonly [uid: number, packed: Buffer])[]): Promise<Buffer> {
  const to = new ByteWriter(rows.length * 4 + 64).varint(rows.length);
  let last = 0;
  for (const [uid] of rows) {
    to.varint(uid - last);
    last = uid;
  }
  for (const [, packed] of rows) to.varint(packed.length);
  const body = Buffer.concat([to.finish(), ...rows.map(([, packed]) => packed)]);
  return Buffer.concat([Buffer.of(FORMAT), await deflate(body, { level: 1 })]);
}

export async function decodeSummaryPiece(packed: Buffer): Promise<SummaryPiece> {
  assertFormat(packed[0] ?? 0, FORMAT, 'a piece of summaries');
  const from = new ByteReader(await inflate(packed.subarray(1)));
  const count = from.varint();
  let last = 0;
  const uids = Uint32Array.from({ length: count }, () => (last += from.varint()));
  let end = 0;
  const ends = Uint32Array.from({ length: count }, () => (end += from.varint()));
  return new SummaryPiece(uids, ends, from.fixed(end));
}

/** The piece, or undefined when it has been tidied away. */
export async function summaryPiece(
  context: LogContext,
  mailbox: Id,
  piece: ColumnPiece,
): Promise<SummaryPiece | undefined> {
  const packed = await getPiece(context, 'M', mailbox, piece);
  return packed && decodeSummaryPiece(packed);
}

/** The pieces that this process has read lately: they never change. */
export class SummaryPieceCache extends BoundedCache<Id, SummaryPiece> {
  constructor(maxBytes = summaryPieceLimits.cacheBytes) {
    super(maxBytes, ({ sizeBytes }) => sizeBytes);
  }
}

/** A message of a mailbox. */
export interface MessageRef {
  readonly uid: number;
  readonly blob: Id;
}

/** Fewer messages than this are not worth a piece: it has thousands. */
const WORTH_A_PIECE = 50;

/**
 * The summaries of messages of a mailbox, read at once and unpacked one by one, by index: from the snapshot's pieces where
 * many are asked for, the others from their items. `undefined`: the message is gone.
 */
export async function mailboxSummaries(
  { store, mailbox, space }: Pick<OpenMailbox, 'store' | 'mailbox' | 'space'>,
  view: MailboxView,
  messages: readonly MessageRef[],
): Promise<(index: number) => Promise<Summary | undefined>> {
  const cache = store.summaryPieces;
  const missing: number[] = [];
  const found: (Buffer | undefined)[] = [];
  let at: ColumnPiece | undefined;
  let piece: SummaryPiece | undefined;
  for (const [i, { uid }] of messages.entries()) {
    if (at === undefined || uid < at.fromUid || uid > at.toUid) {
      at = pieceFor(view.state.snapshot?.summaries ?? [], uid);
      piece = at && cache.get(at.id);
      if (at !== undefined && piece === undefined && messages.length >= WORTH_A_PIECE) {
        piece = await summaryPiece(store.context, mailbox.id, at);
        if (piece !== undefined) cache.put(at.id, piece);
      }
    }
    found[i] = piece?.get(uid);
    if (found[i] === undefined) missing.push(i);
  }
  const places = new Map(missing.map((i, nth) => [i, nth]));
  const blobs = missing.map((i) => (messages[i] as MessageRef).blob);
  const unpack = blobs.length === 0 ? undefined : await packedSummaries(store.context, space, blobs);
  return async (index) => {
    const packed = found[index];
    const summary = packed && decodeSummary(packed);
    if (summary !== undefined) return summary;
    const place = places.get(index);
    if (place !== undefined) return unpack?.(place);
    // Of a format that a later version of the parser has replaced: as it is kept by itself, or made again.
    const blob = messages[index]?.blob;
    return blob && (await packedSummaries(store.context, space, [blob]))(0);
  };
}

function pieceFor(pieces: readonly ColumnPiece[], uid: number): ColumnPiece | undefined {
  let [low, high] = [0, pieces.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((pieces[middle] as ColumnPiece).toUid < uid) low = middle + 1;
    else high = middle;
  }
  const piece = pieces[low];
  return piece !== undefined && piece.fromUid <= uid ? piece : undefined;
}
