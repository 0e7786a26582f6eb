import { ByteReader, ByteWriter, FormatError } from '../base/bytes.ts';
import type { Id } from '../base/ids.ts';
import type { FlagSets } from './flag-sets.ts';
import type { LogView } from './log-reader.ts';
import type { Annotations } from './mailbox-annotations.ts';
import {
  addRows,
  type Block,
  type ColdRow,
  coldRowAt,
  firstUid,
  lastUid,
  lowerBound,
  rowRuns,
} from './mailbox-block.ts';
import { changeOf } from './mailbox-change.ts';
import type { Manifest } from './mailbox-manifest.ts';
import type { MoveIntentBody } from './mailbox-records.ts';
import type { PieceRef } from './pieces.ts';
import type { LogRecord } from './record.ts';
import { UidSet } from './uid-set.ts';

/** The counts that a mailbox's head answers STATUS from. */
export interface MailboxCounts {
  readonly uidNext: number;
  readonly exists: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly bytes: number;
  readonly lastAppendMs: number;
  /** Of the values of all messages' annotations (RFC 5257). */
  readonly annotationBytes: number;
}

/** A list that is extended at its newest end and shares the rest; walked from the newest. */
export interface Chain<T> {
  readonly item: T;
  readonly older: Chain<T> | undefined;
}

/** An expunge, remembered for QRESYNC (Rule 17), and its messages' blobs until they are purged (Rule 9). */
export interface Expunged {
  readonly seq: number;
  readonly timeMs: number;
  readonly uids: UidSet;
  /** The rows of messages that no snapshot holds; by UID. */
  readonly rows: ReadonlyMap<number, ColdRow>;
}

/** A delivery's nonce (Rule 13). */
export interface DeliveryMark {
  readonly seq: number;
  readonly timeMs: number;
  readonly nonce: Buffer;
}

export interface MoveIntent extends MoveIntentBody {
  readonly seq: number;
  readonly timeMs: number;
}

/** Everything a view is made of. */
export interface MailboxState extends MailboxCounts {
  readonly id: Id;
  readonly seq: number;
  readonly blocks: readonly Block[];
  readonly flagSets: FlagSets;
  /** Keyword names by number (Rule 8). */
  readonly keywords: readonly string[];
  readonly expunged: Chain<Expunged> | undefined;
  /** Expunges up to here are forgotten: QRESYNC answers a superset (Rule 17). */
  readonly expungedKnownSince: number;
  readonly purged: UidSet;
  /** Deliveries after the snapshot. */
  readonly deliveries: Chain<DeliveryMark> | undefined;
  readonly intents: ReadonlyMap<string, MoveIntent>;
  readonly annotations: Annotations;
  /** The snapshot that the view began with or was folded into: where cold columns are. */
  readonly snapshot: Manifest | undefined;
  readonly snapshotRef: PieceRef | undefined;
}

/** A mailbox at one seq. Immutable: a record makes another view, which shares the blocks that did not change. */
export class MailboxView implements LogView<MailboxView> {
  readonly state: MailboxState;
  #starts: Uint32Array | undefined;

  constructor(state: MailboxState) {
    this.state = state;
  }

  get seq(): number {
    return this.state.seq;
  }

  /** The snapshot that the view rests on. */
  get snapshotId(): Id | undefined {
    return this.state.snapshotRef?.id;
  }

  get exists(): number {
    return this.state.exists;
  }

  headExtra(): Buffer {
    return encodeCounts(this.state);
  }

  apply(record: LogRecord): MailboxView {
    if (record.seq !== this.seq + 1) throw new FormatError(`record ${record.seq} after ${this.seq}`);
    return new MailboxView({ ...this.state, ...changeOf(this.state, record), seq: record.seq });
  }

  /** The same messages, their cold columns found where the newer view's are. Shares the blocks. */
  withSnapshotOf(newer: MailboxView): MailboxView {
    return new MailboxView({ ...this.state, snapshot: newer.state.snapshot, snapshotRef: newer.state.snapshotRef });
  }

  /** Rows before each block. */
  #rowsBefore(): Uint32Array {
    if (this.#starts === undefined) {
      this.#starts = new Uint32Array(this.state.blocks.length + 1);
      for (const [i, block] of this.state.blocks.entries()) {
        this.#starts[i + 1] = (this.#starts[i] as number) + block.uids.length;
      }
    }
    return this.#starts;
  }

  /** UID of the message with this sequence number (from 1); undefined beyond `exists`. */
  uidAt(sequence: number): number | undefined {
    const starts = this.#rowsBefore();
    if (sequence < 1 || sequence > this.exists) return undefined;
    const block = lowerBound(starts, sequence) - 1;
    return this.state.blocks[block]?.uids[sequence - 1 - (starts[block] as number)];
  }

  /** Sequence number (from 1) of the message; 0 when there is none with this UID. */
  sequenceOf(uid: number): number {
    const at = this.#find(uid);
    return at === undefined ? 0 : (this.#rowsBefore()[at.index] as number) + at.row + 1;
  }

  /** How many messages have a UID below this one. */
  countBelow(uid: number): number {
    const index = this.#blockFor(uid);
    const block = this.state.blocks[index];
    const before = this.#rowsBefore()[index] as number;
    return block === undefined ? this.exists : before + lowerBound(block.uids, uid);
  }

  /** Index of the first block that ends at or after the UID. */
  #blockFor(uid: number): number {
    const { blocks } = this.state;
    let low = 0;
    let high = blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (lastUid(blocks[middle] as Block) < uid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #find(uid: number): { readonly block: Block; readonly index: number; readonly row: number } | undefined {
    const index = this.#blockFor(uid);
    const block = this.state.blocks[index];
    if (block === undefined) return undefined;
    const row = lowerBound(block.uids, uid);
    return block.uids[row] === uid ? { block, index, row } : undefined;
  }

  has(uid: number): boolean {
    return this.#find(uid) !== undefined;
  }

  /** Number of the message's flags among the view's flag sets; undefined when there is no such message. */
  flagSetOf(uid: number): number | undefined {
    const at = this.#find(uid);
    return at?.block.flags[at.row];
  }

  /** Flags as bits; undefined when there is no such message. */
  bitsOf(uid: number): bigint | undefined {
    const at = this.#find(uid);
    return at === undefined ? undefined : this.state.flagSets.bitsAt(at.block.flags[at.row] as number);
  }

  /** Seq of the record that last touched the message; 0 when there is no such message. */
  seqOf(uid: number): number {
    const at = this.#find(uid);
    return at === undefined ? 0 : (at.block.seqs[at.row] as number);
  }

  /** The message's cold row; undefined when there is no such message or its columns are not loaded. */
  coldOf(uid: number): ColdRow | undefined {
    const at = this.#find(uid);
    const columns = at?.block.cold.columns;
    return at === undefined || columns === undefined ? undefined : coldRowAt(columns, at.row);
  }

  /** The message's size in bytes; undefined as for {@link coldOf}. */
  sizeOf(uid: number): number | undefined {
    const at = this.#find(uid);
    return at?.block.cold.columns?.sizes[at.row];
  }

  /** Whether a record after the seq has touched a message of the inclusive range of UIDs. */
  isChanged(from: number, to: number, seq: number): boolean {
    const { blocks } = this.state;
    for (let index = this.#blockFor(from); index < blocks.length; index++) {
      const { uids, seqs } = blocks[index] as Block;
      const end = lowerBound(uids, to + 1);
      for (let row = lowerBound(uids, from); row < end; row++) if ((seqs[row] as number) > seq) return true;
      if (end < uids.length) break;
    }
    return false;
  }

  /** Calls `visit` for every message of the set (all, when there is none) in ascending order. */
  forEach(
    set: UidSet | undefined,
    visit: (uid: number, flagIndex: number, seq: number, block: Block, row: number) => void,
  ): void {
    for (const block of this.state.blocks) {
      if (set !== undefined && !set.intersects(firstUid(block), lastUid(block))) continue;
      const isWhole = set === undefined || set.covers(firstUid(block), lastUid(block));
      for (let row = 0; row < block.uids.length; row++) {
        const uid = block.uids[row] as number;
        if (!isWhole && !set.has(uid)) continue;
        visit(uid, block.flags[row] as number, block.seqs[row] as number, block, row);
      }
    }
  }

  /** Those of the set whose flags are such, by the number of their flag set. */
  having(set: UidSet, isMeant: (flagIndex: number) => boolean): UidSet {
    return UidSet.build((add) => {
      for (const block of this.state.blocks) {
        if (!set.intersects(firstUid(block), lastUid(block))) continue;
        for (const run of rowRuns(block, set))
          if (isMeant(block.flags[run.from] as number)) addRows(block.uids, run, add);
      }
    });
  }

  /** The UIDs of the set that exist. */
  present(set: UidSet): UidSet {
    return this.#collect(set);
  }

  allUids(): UidSet {
    return this.#collect(undefined);
  }

  #collect(set: UidSet | undefined): UidSet {
    return UidSet.build((add) => {
      for (const { uids } of this.state.blocks) {
        const [first, last] = [uids[0] as number, uids[uids.length - 1] as number];
        if (set !== undefined && !set.intersects(first, last)) continue;
        const isWhole = set === undefined || set.covers(first, last);
        if (isWhole) addRows(uids, { from: 0, end: uids.length }, add);
        else for (const uid of uids) if (set.has(uid)) add(uid, uid);
      }
    });
  }

  /** Keyword numbers for the names, and the names that the table lacks; names compare case-insensitively. */
  keywordNumbers(names: readonly string[]): { readonly numbers: number[]; readonly added: string[] } {
    const table = this.state.keywords.map((name) => name.toLowerCase());
    const added: string[] = [];
    const numbers = names.map((name) => {
      const known = table.indexOf(name.toLowerCase());
      if (known >= 0) return known;
      added.push(name);
      return table.push(name.toLowerCase()) - 1;
    });
    return { numbers: [...new Set(numbers)].sort((a, b) => a - b), added };
  }
}

export function encodeCounts(counts: MailboxCounts): Buffer {
  const to = new ByteWriter(32)
    .varint(counts.uidNext)
    .varint(counts.exists)
    .varint(counts.unseen)
    .varint(counts.deleted)
    .varint(counts.bytes)
    .varint(counts.lastAppendMs);
  // Heads of mailboxes without annotations are as they were before there were any.
  if (counts.annotationBytes > 0) to.varint(counts.annotationBytes);
  return to.finish();
}

export function decodeCounts(extra: Buffer): MailboxCounts {
  const from = new ByteReader(extra);
  return {
    uidNext: from.varint(),
    exists: from.varint(),
    unseen: from.varint(),
    deleted: from.varint(),
    bytes: from.varint(),
    lastAppendMs: from.varint(),
    annotationBytes: from.remaining > 0 ? from.varint() : 0,
  };
}
