import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { ByteReader, ByteWriter, FormatError } from '../base/bytes.ts';
import { type Id, idFromBytes, idToBytes } from '../base/ids.ts';
import { type Flags, flagBits, flagsOf, KEYWORD_SHIFT, MAX_KEYWORDS } from './flag-sets.ts';
import type { RecordDraft } from './record.ts';
import { UidSet } from './uid-set.ts';

/** Kinds of a mailbox's records. Numbers are stored: never change one. */
export const APPEND = 1;
export const FLAGS = 2;
export const EXPUNGE = 3;
export const PURGE = 4;
export const MOVE_INTENT = 5;
export const MOVE_END = 6;
export const EMPTY = 7;
export const RAISE = 8;
export const REPLACE = 9;

/** One message as a mailbox knows it, before it has a UID. */
export interface NewMessage {
  readonly blob: Id;
  readonly sizeBytes: number;
  /** INTERNALDATE, seconds since 1970. */
  readonly internalDate: number;
  readonly flags: Flags;
}

export interface AppendBody {
  readonly firstUid: number;
  /** Names that extend the keyword table, in order. */
  readonly newKeywords: readonly string[];
  readonly messages: readonly NewMessage[];
  /** Whether the nonce is a delivery's (Rule 13), to be remembered for 15 days. */
  readonly delivered: boolean;
}

/** Every message of the set gets the flags (old without `clear`) with `set`. */
export interface FlagsBody {
  readonly newKeywords: readonly string[];
  readonly clear: FlagMask;
  readonly set: Flags;
  /** Only messages that this changes. */
  readonly uids: UidSet;
}

/** Flags to be cleared: some system flags, and some keywords or all of them. */
export interface FlagMask {
  readonly system: number;
  readonly keywords: readonly number[] | 'all';
}

const ALL_KEYWORDS = ((1n << BigInt(MAX_KEYWORDS)) - 1n) << BigInt(KEYWORD_SHIFT);

export function maskBits({ system, keywords }: FlagMask): bigint {
  return keywords === 'all' ? ALL_KEYWORDS | BigInt(system) : flagBits({ system, keywords });
}

export type ExpungeReason = 'expunge' | 'move' | 'expire';
const REASONS: readonly ExpungeReason[] = ['expunge', 'move', 'expire'];

export interface ExpungeBody {
  readonly reason: ExpungeReason;
  readonly uids: UidSet;
  /** Sum of the messages' sizes. */
  readonly sizeBytes: number;
  /** The MOVE that this ends (Rule 24). */
  readonly intent: Buffer | undefined;
}

/** MOVE under way: these messages are being appended to `destination` with nonce `intent` (Rule 24). */
export interface MoveIntentBody {
  readonly intent: Buffer;
  readonly destination: Id;
  /** The destination's seq that the mover had seen: where to look for the append. */
  readonly destinationSeq: number;
  readonly uids: UidSet;
  /** Whose MOVE it is, where what is private to the user goes along (RFC 5257 §4.6); undefined: nothing does. */
  readonly user?: Id;
}

/** Rows beyond this are worth deflating. */
const DEFLATE_ROWS = 16;

function writeKeywords(to: ByteWriter, keywords: readonly string[]): void {
  to.varint(keywords.length);
  for (const keyword of keywords) to.string(keyword);
}

function readKeywords(from: ByteReader): string[] {
  return Array.from({ length: from.varint() }, () => from.string());
}

function writeBits(to: ByteWriter, bits: bigint): void {
  to.u8(Number(bits & 31n));
  const { keywords } = flagsOf(bits);
  to.varint(keywords.length);
  for (const keyword of keywords) to.varint(keyword);
}

function readBits(from: ByteReader): bigint {
  const system = from.u8();
  let bits = BigInt(system & 31);
  for (let n = from.varint(); n > 0; n--) bits |= 1n << BigInt(KEYWORD_SHIFT + from.varint());
  return bits;
}

/** A table of distinct flag sets, then a number per row. */
export function writeFlagColumn(to: ByteWriter, rows: Iterable<bigint>): void {
  const table = new Map<bigint, number>();
  const indexes: number[] = [];
  for (const bits of rows) {
    let index = table.get(bits);
    if (index === undefined) table.set(bits, (index = table.size));
    indexes.push(index);
  }
  to.varint(table.size);
  for (const bits of table.keys()) writeBits(to, bits);
  for (const index of indexes) to.varint(index);
}

export function readFlagColumn(from: ByteReader, rows: number): bigint[] {
  const sets: bigint[] = [];
  const numbers = readFlagNumbers(from, rows, (bits) => sets.push(bits) - 1);
  return Array.from(numbers, (number) => sets[number] as bigint);
}

/** The same, each row with the number that its flag set has elsewhere: `numberOf` is asked once for each set. */
export function readFlagNumbers(from: ByteReader, rows: number, numberOf: (bits: bigint) => number): Uint32Array {
  const numbers = Array.from({ length: from.varint() }, () => numberOf(readBits(from)));
  const column = from.varints(new Uint32Array(rows));
  for (let row = 0; row < rows; row++) {
    const number = numbers[column[row] as number];
    if (number === undefined) throw new FormatError('a row names a flag set that is not in the table');
    column[row] = number;
  }
  return column;
}

export function appendRecord(body: AppendBody): RecordDraft {
  const columns = new ByteWriter(body.messages.length * 10 + 16);
  for (const { sizeBytes } of body.messages) columns.varint(sizeBytes);
  let last = 0;
  for (const { internalDate } of body.messages) {
    columns.signed(internalDate - last);
    last = internalDate;
  }
  writeFlagColumn(
    columns,
    body.messages.map(({ flags }) => flagBits(flags)),
  );
  const deflate = body.messages.length > DEFLATE_ROWS;
  const to = new ByteWriter(body.messages.length * 24 + 64);
  to.varint(body.messages.length)
    .u8((body.delivered ? 1 : 0) | (deflate ? 2 : 0))
    .varint(body.firstUid);
  writeKeywords(to, body.newKeywords);
  for (const { blob } of body.messages) to.fixed(idToBytes(blob));
  to.fixed(deflate ? deflateRawSync(columns.finish(), { level: 3 }) : columns.finish());
  return { kind: APPEND, body: to.finish() };
}

export function readAppend(packed: Buffer): AppendBody {
  const from = new ByteReader(packed);
  const count = from.varint();
  const bits = from.u8();
  const firstUid = from.varint();
  const newKeywords = readKeywords(from);
  const blobs = Array.from({ length: count }, () => idFromBytes(from.fixed(16)));
  const rest = from.fixed(from.remaining);
  const columns = new ByteReader((bits & 2) === 0 ? rest : inflateRawSync(rest));
  const sizes = Array.from({ length: count }, () => columns.varint());
  let last = 0;
  const dates = Array.from({ length: count }, () => (last += columns.signed()));
  const flags = readFlagColumn(columns, count);
  const messages = blobs.map((blob, i) => ({
    blob,
    sizeBytes: sizes[i] ?? 0,
    internalDate: dates[i] ?? 0,
    flags: flagsOf(flags[i] ?? 0n),
  }));
  return { firstUid, newKeywords, messages, delivered: (bits & 1) !== 0 };
}

export function flagsRecord({ newKeywords, clear, set, uids }: FlagsBody): RecordDraft {
  const to = new ByteWriter();
  writeKeywords(to, newKeywords);
  to.u8(clear.keywords === 'all' ? 1 : 0);
  writeBits(to, flagBits({ system: clear.system, keywords: clear.keywords === 'all' ? [] : clear.keywords }));
  writeBits(to, flagBits(set));
  uids.write(to);
  return { kind: FLAGS, body: to.finish() };
}

export function readFlags(packed: Buffer): FlagsBody {
  const from = new ByteReader(packed);
  const newKeywords = readKeywords(from);
  const all = from.u8() === 1;
  const { system, keywords } = flagsOf(readBits(from));
  const set = flagsOf(readBits(from));
  return { newKeywords, clear: { system, keywords: all ? 'all' : keywords }, set, uids: UidSet.read(from) };
}

export function expungeRecord(body: ExpungeBody): RecordDraft {
  const to = new ByteWriter();
  to.u8(REASONS.indexOf(body.reason))
    .varint(body.sizeBytes)
    .bytes(body.intent ?? Buffer.alloc(0));
  body.uids.write(to);
  return { kind: EXPUNGE, body: to.finish() };
}

export function readExpunge(packed: Buffer): ExpungeBody {
  const from = new ByteReader(packed);
  const reason = REASONS[from.u8()];
  if (reason === undefined) throw new FormatError('unknown reason of an expunge');
  const sizeBytes = from.varint();
  const intent = from.bytes();
  return { reason, sizeBytes, intent: intent.length === 0 ? undefined : Buffer.from(intent), uids: UidSet.read(from) };
}

/** REPLACE (RFC 8508): what one record appends and, at the same moment, expunges. */
export interface ReplaceBody {
  /** Bodies of an {@link APPEND} and an {@link EXPUNGE}. */
  readonly append: Buffer;
  readonly expunge: Buffer;
}

export function replaceRecord({ append, expunge }: ReplaceBody): RecordDraft {
  return { kind: REPLACE, body: new ByteWriter().bytes(append).bytes(expunge).finish() };
}

export function readReplace(packed: Buffer): ReplaceBody {
  const from = new ByteReader(packed);
  return { append: Buffer.from(from.bytes()), expunge: Buffer.from(from.bytes()) };
}

/** The expunged messages' blobs may go now (Rule 9): they can no longer be brought back. */
export function purgeRecord(uids: UidSet): RecordDraft {
  const to = new ByteWriter();
  uids.write(to);
  return { kind: PURGE, body: to.finish() };
}

export function readPurge(packed: Buffer): UidSet {
  return UidSet.read(new ByteReader(packed));
}

export function moveIntentRecord(body: MoveIntentBody): RecordDraft {
  const to = new ByteWriter();
  to.bytes(body.intent).fixed(idToBytes(body.destination)).varint(body.destinationSeq);
  body.uids.write(to);
  // Last, and only where there is one: older versions read what comes before, and leave it.
  if (body.user !== undefined) to.fixed(idToBytes(body.user));
  return { kind: MOVE_INTENT, body: to.finish() };
}

export function readMoveIntent(packed: Buffer): MoveIntentBody {
  const from = new ByteReader(packed);
  const intent = Buffer.from(from.bytes());
  const destination = idFromBytes(from.fixed(16));
  const destinationSeq = from.varint();
  const uids = UidSet.read(from);
  const user = from.remaining === 0 ? undefined : idFromBytes(from.fixed(16));
  return { intent, destination, destinationSeq, uids, ...(user && { user }) };
}

/** Gives a MOVE up: its append never came. */
export function moveEndRecord(intent: Buffer): RecordDraft {
  return { kind: MOVE_END, body: Buffer.from(intent) };
}

/** Takes up a seq and nothing else (Rule 16). */
export function emptyRecord(): RecordDraft {
  return { kind: EMPTY, body: Buffer.alloc(0) };
}
