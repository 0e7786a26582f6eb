import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { type Id, idFromBytes, idToBytes } from '../base/ids.ts';
import { assertFormat } from './head.ts';
import { moveIntentRecord, readMoveIntent } from './mailbox-records.ts';
import { decodeCounts, encodeCounts, type MailboxCounts, type MoveIntent } from './mailbox-view.ts';
import type { PieceRef } from './pieces.ts';
import { UidSet } from './uid-set.ts';

/** A piece with the columns of the messages of a UID range. */
export interface ColumnPiece extends PieceRef {
  readonly fromUid: number;
  readonly toUid: number;
  readonly rows: number;
}

/** A piece with the nonces of deliveries (Rule 13). */
export interface NoncePiece extends PieceRef {
  readonly newestMs: number;
  readonly toSeq: number;
}

/** A piece that a later snapshot replaced; deleted after the grace (Rule 9). */
export interface RetiredPiece extends PieceRef {
  readonly timeMs: number;
}

/** When the log was folded up to a seq: its segments go a week later (Rule 3). */
export interface Folded {
  readonly seq: number;
  readonly timeMs: number;
}

/** The root of a mailbox's snapshot: names every piece (Rule 7). */
export interface Manifest {
  readonly mailbox: Id;
  readonly seq: number;
  readonly counts: MailboxCounts;
  readonly keywords: readonly string[];
  /** uid, flags, seq: what SELECT reads. */
  readonly hot: readonly ColumnPiece[];
  /** blob, size, dates: what FETCH reads. Rows of expunged messages stay until purged. */
  readonly cold: readonly ColumnPiece[];
  /** Copies of summaries: what FETCH of many reads. A cache: not all messages are in one (ADR 15). */
  readonly summaries: readonly ColumnPiece[];
  readonly expunged: PieceRef | undefined;
  readonly expungedKnownSince: number;
  readonly purged: UidSet;
  readonly nonces: readonly NoncePiece[];
  readonly intents: readonly MoveIntent[];
  /** Which messages have annotations, and how large they are; their values are read when they are asked for. */
  readonly annotationSizes: PieceRef | undefined;
  readonly annotations: readonly ColumnPiece[];
  readonly retired: readonly RetiredPiece[];
  readonly folded: readonly Folded[];
}

type Pieces = Pick<Manifest, 'hot' | 'cold' | 'summaries' | 'nonces' | 'annotations' | 'expunged' | 'annotationSizes'>;

/** Of a snapshot with copies of summaries; one without is written as before there were any. */
const FORMAT = 3;
/** With annotations. */
const ANNOTATED_FORMAT = 2;
const PLAIN_FORMAT = 1;

/** Every piece that the snapshot is made of. */
export function piecesOf({ hot, cold, summaries, nonces, annotations, ...one }: Pieces): readonly PieceRef[] {
  const single = [one.expunged, one.annotationSizes].filter((piece) => piece !== undefined);
  return [...hot, ...cold, ...summaries, ...nonces, ...annotations, ...single];
}

function formatOf({ summaries, annotationSizes }: Manifest): number {
  if (summaries.length > 0) return FORMAT;
  return annotationSizes === undefined ? PLAIN_FORMAT : ANNOTATED_FORMAT;
}

export function encodeManifest(manifest: Manifest): Buffer {
  const to = new ByteWriter(1024);
  const format = formatOf(manifest);
  to.u8(format).fixed(idToBytes(manifest.mailbox)).varint(manifest.seq).bytes(encodeCounts(manifest.counts));
  list(to, manifest.keywords, (keyword) => to.string(keyword));
  for (const pieces of [manifest.hot, manifest.cold]) {
    list(to, pieces, (piece) => writeColumn(to, piece));
  }
  list(to, manifest.expunged === undefined ? [] : [manifest.expunged], (piece) => writeRef(to, piece));
  to.varint(manifest.expungedKnownSince);
  manifest.purged.write(to);
  list(to, manifest.nonces, (piece) => {
    writeRef(to, piece);
    to.varint(piece.newestMs).varint(piece.toSeq);
  });
  list(to, manifest.intents, (intent) => {
    to.varint(intent.seq).varint(intent.timeMs).bytes(moveIntentRecord(intent).body);
  });
  list(to, manifest.retired, (piece) => {
    writeRef(to, piece);
    to.varint(piece.timeMs);
  });
  list(to, manifest.folded, ({ seq, timeMs }) => to.varint(seq).varint(timeMs));
  const { annotationSizes, annotations, summaries } = manifest;
  if (format === FORMAT) {
    list(to, annotationSizes === undefined ? [] : [annotationSizes], (piece) => writeRef(to, piece));
  } else if (annotationSizes !== undefined) writeRef(to, annotationSizes);
  if (format !== PLAIN_FORMAT) list(to, annotations, (piece) => writeColumn(to, piece));
  if (format === FORMAT) list(to, summaries, (piece) => writeColumn(to, piece));
  return to.finish();
}

export function decodeManifest(packed: Buffer): Manifest {
  const from = new ByteReader(packed);
  const format = from.u8();
  if (format !== PLAIN_FORMAT && format !== ANNOTATED_FORMAT) assertFormat(format, FORMAT, 'a mailbox snapshot');
  const mailbox = idFromBytes(from.fixed(16));
  const seq = from.varint();
  const counts = decodeCounts(from.bytes());
  const keywords = readList(from, () => from.string());
  const columns = (): ColumnPiece[] =>
    readList(from, () => {
      const ref = readRef(from);
      const fromUid = from.varint();
      return { ...ref, fromUid, toUid: fromUid + from.varint(), rows: from.varint() };
    });
  const hot = columns();
  const cold = columns();
  const [expunged] = readList(from, () => readRef(from));
  const expungedKnownSince = from.varint();
  const purged = UidSet.read(from);
  const nonces = readList(from, () => ({ ...readRef(from), newestMs: from.varint(), toSeq: from.varint() }));
  const intents = readList(from, () => {
    const [intentSeq, timeMs] = [from.varint(), from.varint()];
    return { ...readMoveIntent(from.bytes()), seq: intentSeq, timeMs };
  });
  const retired = readList(from, () => ({ ...readRef(from), timeMs: from.varint() }));
  const folded = readList(from, () => ({ seq: from.varint(), timeMs: from.varint() }));
  const [annotationSizes] =
    format === FORMAT ? readList(from, () => readRef(from)) : format === ANNOTATED_FORMAT ? [readRef(from)] : [];
  const annotations = format === PLAIN_FORMAT ? [] : columns();
  const summaries = format === FORMAT ? columns() : [];
  return {
    mailbox,
    seq,
    counts,
    keywords,
    hot,
    cold,
    summaries,
    expunged,
    expungedKnownSince,
    purged,
    nonces,
    intents,
    annotationSizes,
    annotations,
    retired,
    folded,
  };
}

function writeColumn(to: ByteWriter, piece: ColumnPiece): void {
  writeRef(to, piece);
  to.varint(piece.fromUid)
    .varint(piece.toUid - piece.fromUid)
    .varint(piece.rows);
}

function list<T>(to: ByteWriter, items: readonly T[], write: (item: T) => void): void {
  to.varint(items.length);
  items.forEach(write);
}

function readList<T>(from: ByteReader, read: () => T): T[] {
  return Array.from({ length: from.varint() }, read);
}

function writeRef(to: ByteWriter, { id, isObject }: PieceRef): void {
  to.u8(isObject ? 1 : 0).fixed(idToBytes(id));
}

function readRef(from: ByteReader): PieceRef {
  const isObject = from.u8() === 1;
  return { isObject, id: idFromBytes(from.fixed(16)) };
}
