import { ByteReader, ByteWriter, FormatError } from '../base/bytes.ts';
import { type Id, idFromBytes, idToBytes } from '../base/ids.ts';
import { StoreError } from './errors.ts';
import { assertFormat, type LogState } from './head.ts';
import { readStrings, writeStrings } from './tree-records.ts';
import { UidSet } from './uid-set.ts';

/** The account: first part of a checkpoint. */
export interface AccountPart {
  readonly kind: 'account';
  /** When the checkpoint was begun: it has everything from before. */
  readonly timeMs: number;
  /** The user was removed: there is nothing to bring back. */
  readonly isRemoved: boolean;
  readonly name: string;
  readonly tree: Id;
  readonly space: Id;
  /** Packed as in the directory, and as a snapshot of the tree. */
  readonly user: Buffer;
  readonly view: Buffer;
}

/** The text of a Sieve script, by the piece under which the tree knows it. */
export interface ScriptPart {
  readonly kind: 'script';
  readonly piece: Id;
  readonly text: Buffer;
}

/** A mailbox; its rows are in the parts that follow it. One that comes again replaces what came before. */
export interface MailboxPart {
  readonly kind: 'mailbox';
  readonly id: Id;
  readonly state: LogState;
  readonly seq: number;
  /** Its seq before any mailbox was read: what was expunged since may have been moved to one that had been read by then. */
  readonly beganSeq: number;
  readonly uidNext: number;
  readonly lastAppendMs: number;
  readonly keywords: readonly string[];
}

/**
 * Columns as snapshots have them, ascending by UID; the cold ones with those of expunged messages that are kept, the
 * annotations (RFC 5257) only of messages that are there.
 */
export interface ColumnsPart {
  readonly kind: 'hot' | 'cold' | 'expunged' | 'annotations';
  readonly packed: Buffer;
}

/** The user's private state of a mailbox, own or other (Rule 16). */
export interface OverlayPart {
  readonly kind: 'overlay';
  readonly mailbox: Id;
  readonly recentFrom: number;
  readonly seen: UidSet;
}

/** Last part: how many came before it. Without it the object is not whole. */
export interface EndPart {
  readonly kind: 'end';
  readonly parts: number;
}

export type CheckpointPart = AccountPart | ScriptPart | MailboxPart | ColumnsPart | OverlayPart | EndPart;

const FORMAT = 1;
const STATES: readonly LogState[] = ['open', 'closed', 'moving'];
/** Numbers are stored: never change one. */
const KINDS = {
  account: 1,
  script: 2,
  mailbox: 3,
  hot: 4,
  cold: 5,
  expunged: 6,
  overlay: 7,
  end: 8,
  annotations: 9,
} as const;
/** A longer part is no part: the tree of 100,000 mailboxes is a tenth of it. */
const MAX_PART_BYTES = 256 * 1024 * 1024;

/** A checkpoint as its object: the format, then each part with its length. */
export async function* encodeCheckpoint(
  parts: AsyncIterable<CheckpointPart> | Iterable<CheckpointPart>,
): AsyncGenerator<Buffer> {
  yield Buffer.of(FORMAT);
  for await (const part of parts) yield encodePart(part);
}

export function encodePart(part: CheckpointPart): Buffer {
  const body = new ByteWriter(256).u8(KINDS[part.kind]);
  writeBody(body, part);
  const packed = body.finish();
  return new ByteWriter(packed.length + 8).bytes(packed).finish();
}

function writeBody(to: ByteWriter, part: CheckpointPart): void {
  switch (part.kind) {
    case 'account':
      to.varint(part.timeMs)
        .u8(part.isRemoved ? 1 : 0)
        .string(part.name)
        .fixed(idToBytes(part.tree))
        .fixed(idToBytes(part.space))
        .bytes(part.user)
        .bytes(part.view);
      break;
    case 'script':
      to.fixed(idToBytes(part.piece)).fixed(part.text);
      break;
    case 'mailbox':
      to.fixed(idToBytes(part.id)).u8(STATES.indexOf(part.state)).varint(part.seq).varint(part.beganSeq);
      writeStrings(to.varint(part.uidNext).varint(part.lastAppendMs), part.keywords);
      break;
    case 'overlay':
      part.seen.write(to.fixed(idToBytes(part.mailbox)).varint(part.recentFrom));
      break;
    case 'end':
      to.varint(part.parts);
      break;
    default:
      to.fixed(part.packed);
  }
}

/**
 * Reads the parts one by one. `StoreError('format')` for what a newer version wrote (Rule 23), `FormatError` when it is not
 * whole.
 */
export async function* decodeCheckpoint(
  pieces: AsyncIterable<Buffer>,
): AsyncGenerator<CheckpointPart, void, undefined> {
  const parser = new PartParser();
  for await (const piece of pieces) yield* parser.push(piece);
  parser.finish();
}

/** The same of one that is in memory. */
export function decodeWholeCheckpoint(packed: Buffer): readonly CheckpointPart[] {
  const parser = new PartParser();
  const parts = [...parser.push(packed)];
  parser.finish();
  return parts;
}

class PartParser {
  #held: Buffer = Buffer.alloc(0);
  #waiting: Buffer[] = [];
  /** Bytes without which nothing more can be read. */
  #need = 1;
  #hasFormat = false;
  #parts = 0;
  #isWhole = false;

  *push(piece: Buffer): Generator<CheckpointPart, void, undefined> {
    this.#waiting.push(piece);
    this.#need -= piece.length;
    if (this.#need > 0) return;
    this.#held = Buffer.concat([this.#held, ...this.#waiting]);
    this.#waiting = [];
    if (!this.#hasFormat) {
      assertFormat(this.#held[0] ?? 0, FORMAT, 'a checkpoint');
      this.#held = this.#held.subarray(1);
      this.#hasFormat = true;
    }
    for (;;) {
      const length = lengthAt(this.#held);
      this.#need = length === undefined ? 1 : length.total - this.#held.length;
      if (length === undefined || this.#need > 0) return;
      const part = decodePart(this.#held.subarray(length.at, length.total));
      this.#held = this.#held.subarray(length.total);
      if (part.kind === 'end') {
        this.#isWhole = part.parts === this.#parts;
        if (!this.#isWhole) throw new FormatError(`a checkpoint of ${part.parts} parts has ${this.#parts}`);
      } else this.#parts++;
      yield part;
    }
  }

  finish(): void {
    if (!this.#isWhole) throw new FormatError('a checkpoint has no end');
  }
}

/** Where the first part of the buffer begins and ends; undefined: its length is not all there. */
function lengthAt(held: Buffer): { readonly at: number; readonly total: number } | undefined {
  const end = held.subarray(0, 8).findIndex((byte) => byte < 0x80);
  if (end < 0) {
    if (held.length >= 8) throw new FormatError('a part of a checkpoint has no length');
    return undefined;
  }
  const length = new ByteReader(held).varint();
  if (length > MAX_PART_BYTES) throw new FormatError(`a part of a checkpoint has ${length} bytes`);
  return { at: end + 1, total: end + 1 + length };
}

function decodePart(packed: Buffer): CheckpointPart {
  const from = new ByteReader(packed);
  const number = from.u8();
  const kind = Object.entries(KINDS).find(([, value]) => value === number)?.[0] as CheckpointPart['kind'] | undefined;
  const id = (): Id => idFromBytes(from.fixed(16));
  const rest = (): Buffer => from.fixed(from.remaining);
  switch (kind) {
    case 'account': {
      const [timeMs, isRemoved] = [from.varint(), from.u8() === 1];
      const [name, tree, space] = [from.string(), id(), id()];
      return { kind, timeMs, isRemoved, name, tree, space, user: from.bytes(), view: from.bytes() };
    }
    case 'script':
      return { kind, piece: id(), text: rest() };
    case 'mailbox': {
      const mailbox = id();
      const state = STATES[from.u8()];
      if (state === undefined) throw new StoreError('format', 'a checkpoint has a mailbox of an unknown state');
      const [seq, beganSeq, uidNext, lastAppendMs] = [from.varint(), from.varint(), from.varint(), from.varint()];
      return { kind, id: mailbox, state, seq, beganSeq, uidNext, lastAppendMs, keywords: readStrings(from) };
    }
    case 'overlay':
      return { kind, mailbox: id(), recentFrom: from.varint(), seen: UidSet.read(from) };
    case 'end':
      return { kind, parts: from.varint() };
    case undefined:
      throw new StoreError(
        'format',
        `a checkpoint has a part of kind ${number}, which this version does not know: upgrade first`,
      );
    default:
      return { kind, packed: rest() };
  }
}
