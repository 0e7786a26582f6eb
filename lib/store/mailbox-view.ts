import { ByteReader, ByteWriter, FormatError } from '../base/bytes.ts';
import type { Id } from '../base/ids.ts';
import { DELETED, type FlagSets, flagBits, SEEN } from './flag-sets.ts';
import type { LogView } from './log-reader.ts';
import {
  BLOCK_ROWS,
  type Block,
  type ColdRow,
  coldColumns,
  coldRowAt,
  firstUid,
  joined,
  lastUid,
  lowerBound,
  withoutRows,
} from './mailbox-block.ts';
import type { Manifest } from './mailbox-manifest.ts';
import * as kinds from './mailbox-records.ts';
import type { PieceRef } from './pieces.ts';
import { type LogRecord, unknownKind } from './record.ts';
import { UidSet } from './uid-set.ts';

/** The counts that a mailbox's head answers STATUS from. */
export interface MailboxCounts {
  readonly uidNext: number;
  readonly exists: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly bytes: number;
  readonly lastAppendMs: number;
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

export interface MoveIntent extends kinds.MoveIntentBody {
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
  /** The snapshot that the view began with or was folded into: where cold columns are. */
  readonly snapshot: Manifest | undefined;
  readonly snapshotRef: PieceRef | undefined;
}

const NOTHING: ReadonlyMap<number, ColdRow> = new Map();

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
    return new MailboxView({ ...this.state, ...this.#change(record), seq: record.seq });
  }

  #change(record: LogRecord): Partial<MailboxState> {
    switch (record.kind) {
      case kinds.APPEND:
        return this.#append(record);
      case kinds.FLAGS:
        return this.#setFlags(record);
      case kinds.EXPUNGE:
        return this.#expunge(record);
      case kinds.PURGE:
        return { purged: this.state.purged.union(kinds.readPurge(record.body)) };
      case kinds.MOVE_INTENT: {
        const body = kinds.readMoveIntent(record.body);
        const intent = { ...body, seq: record.seq, timeMs: record.timeMs };
        return { intents: new Map(this.state.intents).set(body.intent.toString('hex'), intent) };
      }
      case kinds.MOVE_END:
        return { intents: without(this.state.intents, record.body.toString('hex')) };
      case kinds.EMPTY:
        return {};
      case kinds.RAISE:
        return { uidNext: this.state.uidNext + new ByteReader(record.body).varint() };
      default:
        throw unknownKind('mailbox', record.kind);
    }
  }

  #append(record: LogRecord): Partial<MailboxState> {
    const { firstUid: first, newKeywords, messages, delivered } = kinds.readAppend(record.body);
    if (first !== this.state.uidNext) throw new FormatError(`append of UID ${first}, next is ${this.state.uidNext}`);
    const { flagSets } = this.state;
    const bits = messages.map(({ flags }) => flagBits(flags));
    const savedDate = Math.floor(record.timeMs / 1000);
    const blocks = [...this.state.blocks];
    let at = 0;
    while (at < messages.length) {
      const last = blocks.at(-1);
      const room = last?.cold.columns === undefined ? 0 : BLOCK_ROWS - last.uids.length;
      const take = messages.slice(at, at + (room > 0 ? room : BLOCK_ROWS));
      const block: Block = {
        uids: Uint32Array.from(take, (_, i) => first + at + i),
        flags: Uint32Array.from(take, (_, i) => flagSets.indexOf(bits[at + i] ?? 0n)),
        seqs: new Float64Array(take.length).fill(record.seq),
        cold: { columns: coldColumns(take.map((message) => ({ ...message, savedDate }))) },
      };
      if (room > 0 && last !== undefined) blocks[blocks.length - 1] = joined(last, block);
      else blocks.push(block);
      at += take.length;
    }
    const count = (flag: number, set: boolean): number =>
      messages.filter(({ flags }) => ((flags.system & flag) !== 0) === set).length;
    return {
      blocks,
      keywords: newKeywords.length === 0 ? this.state.keywords : [...this.state.keywords, ...newKeywords],
      uidNext: first + messages.length,
      exists: this.state.exists + messages.length,
      unseen: this.state.unseen + count(SEEN, false),
      deleted: this.state.deleted + count(DELETED, true),
      bytes: this.state.bytes + messages.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      lastAppendMs: record.timeMs,
      ...(delivered && {
        deliveries: {
          item: { seq: record.seq, timeMs: record.timeMs, nonce: record.nonce },
          older: this.state.deliveries,
        },
      }),
    };
  }

  #setFlags(record: LogRecord): Partial<MailboxState> {
    const { newKeywords, clear, set, uids } = kinds.readFlags(record.body);
    const { flagSets } = this.state;
    const [cleared, added] = [~kinds.maskBits(clear), flagBits(set)];
    const changed = new Map<number, number>();
    const after = (index: number): number => {
      let next = changed.get(index);
      if (next === undefined) {
        next = flagSets.indexOf((flagSets.bitsAt(index) & cleared) | added);
        changed.set(index, next);
      }
      return next;
    };
    let { unseen, deleted } = this.state;
    const blocks = this.#mapBlocks(uids, (block) => {
      const nextFlags = block.flags.slice();
      const seqs = block.seqs.slice();
      for (let row = 0; row < block.uids.length; row++) {
        if (!uids.has(block.uids[row] as number)) continue;
        const before = nextFlags[row] as number;
        const next = after(before);
        const [was, is] = [flagSets.systemAt(before), flagSets.systemAt(next)];
        unseen += (was & SEEN) - (is & SEEN);
        deleted += ((is & DELETED) - (was & DELETED)) / DELETED;
        nextFlags[row] = next;
        seqs[row] = record.seq;
      }
      return { ...block, flags: nextFlags, seqs };
    });
    const keywords = newKeywords.length === 0 ? this.state.keywords : [...this.state.keywords, ...newKeywords];
    return { blocks, unseen, deleted, keywords };
  }

  #expunge(record: LogRecord): Partial<MailboxState> {
    const { uids, sizeBytes, intent } = kinds.readExpunge(record.body);
    let { exists, unseen, deleted } = this.state;
    const rows = new Map<number, ColdRow>();
    const covered = this.state.snapshot?.counts.uidNext ?? 1;
    const blocks = this.#mapBlocks(uids, (block) => {
      for (let row = 0; row < block.uids.length; row++) {
        const uid = block.uids[row] as number;
        if (!uids.has(uid)) continue;
        const system = this.state.flagSets.systemAt(block.flags[row] as number);
        exists--;
        if ((system & SEEN) === 0) unseen--;
        if ((system & DELETED) !== 0) deleted--;
        if (uid < covered || block.cold.columns === undefined) continue;
        const cold = coldRowAt(block.cold.columns, row);
        if (cold !== undefined) rows.set(uid, cold);
      }
      return withoutRows(block, uids);
    });
    const entry: Expunged = { seq: record.seq, timeMs: record.timeMs, uids, rows: rows.size === 0 ? NOTHING : rows };
    return {
      blocks,
      exists,
      unseen,
      deleted,
      bytes: this.state.bytes - sizeBytes,
      expunged: { item: entry, older: this.state.expunged },
      ...(intent && { intents: without(this.state.intents, intent.toString('hex')) }),
    };
  }

  /** The blocks, those that hold any of the UIDs replaced by what `change` makes of them. */
  #mapBlocks(uids: UidSet, change: (block: Block) => Block | undefined): readonly Block[] {
    const blocks: Block[] = [];
    for (const block of this.state.blocks) {
      const next = uids.intersects(firstUid(block), lastUid(block)) ? change(block) : block;
      if (next !== undefined) blocks.push(next);
    }
    return blocks;
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
      for (let row = 0; row < block.uids.length; row++) {
        const uid = block.uids[row] as number;
        if (set !== undefined && !set.has(uid)) continue;
        visit(uid, block.flags[row] as number, block.seqs[row] as number, block, row);
      }
    }
  }

  /** The UIDs of the set that exist. */
  present(set: UidSet): UidSet {
    const uids: number[] = [];
    this.forEach(set, (uid) => uids.push(uid));
    return UidSet.fromSorted(uids);
  }

  allUids(): UidSet {
    const uids: number[] = [];
    this.forEach(undefined, (uid) => uids.push(uid));
    return UidSet.fromSorted(uids);
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

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  const next = new Map(map);
  next.delete(key);
  return next;
}

export function encodeCounts(counts: MailboxCounts): Buffer {
  return new ByteWriter(32)
    .varint(counts.uidNext)
    .varint(counts.exists)
    .varint(counts.unseen)
    .varint(counts.deleted)
    .varint(counts.bytes)
    .varint(counts.lastAppendMs)
    .finish();
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
  };
}
