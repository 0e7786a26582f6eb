import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { type Id, idFromBytes, idToBytes } from '../base/ids.ts';
import { StoreError } from './errors.ts';
import type { Item } from './ports.ts';
import { decodeRecords, type StoredRecord } from './record.ts';

export type LogState = 'open' | 'closed' | 'moving';
const STATES: readonly LogState[] = ['open', 'closed', 'moving'];

/** A gateway that wants to hear of commits (Rule 20). */
export interface Watcher {
  readonly address: string;
  readonly expiresAtMs: number;
}

/**
 * The one item of a log that moves, by compare-and-set on `rev` (Rule 1). About 110 bytes besides the tail; at most 1,000
 * in all after an ordinary commit, 4,000 after a large group.
 */
export interface Head {
  /** +1 on every write, whoever writes. */
  readonly rev: number;
  readonly state: LogState;
  /** The mailbox that takes its place in another space; only while the state is `moving` (Rule 12). */
  readonly movesTo?: Id | undefined;
  readonly space: Id;
  /** What the log belongs to: a mailbox's tree, a tree's user. */
  readonly owner: Id;
  /** Of the newest record. */
  readonly seq: number;
  /** The snapshot: its manifest's id, up to which record it reaches (0: none), and whether it is an object. */
  readonly snapId: Id | undefined;
  readonly snapSeq: number;
  readonly snapIsObject: boolean;
  /** Records up to here are in segments or the snapshot (Rule 2). */
  readonly flushedSeq: number;
  /** Bytes of records after the snapshot: tells when to compact. */
  readonly behindBytes: number;
  /** What the log's type keeps in the head (a mailbox: uidNext, counts). */
  readonly extra: Buffer;
  /** Newest records, ascending; some may be flushed already. */
  readonly tail: readonly StoredRecord[];
  readonly watchers: readonly Watcher[];
}

const FORMAT = 1;
/** `NO [UNAVAILABLE]` rather than a guess (Rule 23). */
export function assertFormat(found: number, known: number, what: string): void {
  if (found !== known) {
    throw new StoreError('format', `${what} has format ${found}; this version reads ${known}: upgrade first`);
  }
}

export function encodeHead(head: Head, tail: Buffer): Item {
  const h = new ByteWriter(128)
    .u8(FORMAT)
    .u8(STATES.indexOf(head.state))
    .fixed(idToBytes(head.space))
    .fixed(idToBytes(head.owner))
    .varint(head.seq)
    .varint(head.flushedSeq)
    .varint(head.behindBytes)
    .varint(head.snapSeq)
    .u8(head.snapId === undefined ? 0 : head.snapIsObject ? 2 : 1);
  if (head.snapId !== undefined) h.fixed(idToBytes(head.snapId));
  if (head.state === 'moving') h.fixed(idToBytes(requireGoal(head)));
  h.fixed(head.extra);
  const item: Record<string, number | Uint8Array> = { r: head.rev, h: h.finish(), t: tail };
  if (head.watchers.length > 0) {
    const w = new ByteWriter(64);
    for (const { address, expiresAtMs } of head.watchers) w.string(address).varint(Math.floor(expiresAtMs / 1000));
    item.w = w.finish();
  }
  return item;
}

export function decodeHead(item: Item): Head {
  const { r, h, t, w } = item;
  if (typeof r !== 'number' || typeof h === 'number' || typeof t === 'number' || !h || !t) {
    throw new StoreError('format', 'a head lacks r, h or t');
  }
  const reader = new ByteReader(h);
  assertFormat(reader.u8(), FORMAT, 'a head');
  const state = STATES[reader.u8()];
  if (state === undefined) throw new StoreError('format', 'a head has an unknown state');
  const space = idFromBytes(reader.fixed(16));
  const owner = idFromBytes(reader.fixed(16));
  const seq = reader.varint();
  const flushedSeq = reader.varint();
  const behindBytes = reader.varint();
  const snapSeq = reader.varint();
  const where = reader.u8();
  const snapId = where === 0 ? undefined : idFromBytes(reader.fixed(16));
  const movesTo = state === 'moving' ? idFromBytes(reader.fixed(16)) : undefined;
  return {
    rev: r,
    state,
    movesTo,
    space,
    owner,
    seq,
    flushedSeq,
    behindBytes,
    snapSeq,
    snapId,
    snapIsObject: where === 2,
    extra: Buffer.from(reader.fixed(reader.remaining)),
    tail: decodeRecords(t),
    watchers: typeof w === 'object' ? decodeWatchers(w) : [],
  };
}

function requireGoal({ movesTo }: Head): Id {
  if (movesTo === undefined) throw new Error('a head that moves says where to');
  return movesTo;
}

function decodeWatchers(packed: Uint8Array): Watcher[] {
  const reader = new ByteReader(packed);
  const watchers: Watcher[] = [];
  while (reader.remaining > 0) {
    watchers.push({ address: reader.string(), expiresAtMs: reader.varint() * 1000 });
  }
  return watchers;
}
