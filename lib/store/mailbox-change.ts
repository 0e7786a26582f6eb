import { ByteReader, FormatError } from '../base/bytes.ts';
import { ANNOTATE, ANNOTATED_APPEND, readAnnotate, readAnnotatedAppend } from './annotation-records.ts';
import { DELETED, flagBits, SEEN } from './flag-sets.ts';
import { withAnnotations, withoutAnnotations } from './mailbox-annotations.ts';
import {
  BLOCK_ROWS,
  type Block,
  type ColdRow,
  coldColumns,
  coldRowAt,
  firstUid,
  joined,
  lastUid,
  rowRuns,
  withoutRows,
} from './mailbox-block.ts';
import * as kinds from './mailbox-records.ts';
import type { Expunged, MailboxState } from './mailbox-view.ts';
import { type LogRecord, unknownKind } from './record.ts';
import { UidSet } from './uid-set.ts';

const NOTHING: ReadonlyMap<number, ColdRow> = new Map();

/** What a record changes of a mailbox; throws `StoreError('format')` for a kind that it does not know (Rule 23). */
export function changeOf(state: MailboxState, record: LogRecord): Partial<MailboxState> {
  switch (record.kind) {
    case kinds.APPEND:
      return append(state, record);
    case kinds.FLAGS:
      return setFlags(state, record);
    case kinds.EXPUNGE:
      return expunge(state, record);
    case kinds.REPLACE: {
      const { append: added, expunge: removed } = kinds.readReplace(record.body);
      const without = { ...state, ...expunge(state, { ...record, kind: kinds.EXPUNGE, body: removed }) };
      return { ...without, ...append(without, { ...record, kind: kinds.APPEND, body: added }) };
    }
    case ANNOTATED_APPEND: {
      const { append: body, groups } = readAnnotatedAppend(record.body);
      const added = { ...state, ...append(state, { ...record, kind: kinds.APPEND, body }) };
      return { ...added, ...withAnnotations(added, { seq: record.seq, groups }, (uid) => uid < added.uidNext) };
    }
    case ANNOTATE:
      return annotate(state, record);
    case kinds.PURGE:
      return { purged: state.purged.union(kinds.readPurge(record.body)) };
    case kinds.MOVE_INTENT: {
      const body = kinds.readMoveIntent(record.body);
      const intent = { ...body, seq: record.seq, timeMs: record.timeMs };
      return { intents: new Map(state.intents).set(body.intent.toString('hex'), intent) };
    }
    case kinds.MOVE_END:
      return { intents: without(state.intents, record.body.toString('hex')) };
    case kinds.EMPTY:
      return {};
    case kinds.RAISE:
      return { uidNext: state.uidNext + new ByteReader(record.body).varint() };
    default:
      throw unknownKind('mailbox', record.kind);
  }
}

function append(state: MailboxState, record: LogRecord): Partial<MailboxState> {
  const { firstUid: first, newKeywords, messages, delivered } = kinds.readAppend(record.body);
  if (first !== state.uidNext) throw new FormatError(`append of UID ${first}, next is ${state.uidNext}`);
  const { flagSets } = state;
  const bits = messages.map(({ flags }) => flagBits(flags));
  const savedDate = Math.floor(record.timeMs / 1000);
  const blocks = [...state.blocks];
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
    keywords: newKeywords.length === 0 ? state.keywords : [...state.keywords, ...newKeywords],
    uidNext: first + messages.length,
    exists: state.exists + messages.length,
    unseen: state.unseen + count(SEEN, false),
    deleted: state.deleted + count(DELETED, true),
    bytes: state.bytes + messages.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    lastAppendMs: record.timeMs,
    ...(delivered && {
      deliveries: {
        item: { seq: record.seq, timeMs: record.timeMs, nonce: record.nonce },
        older: state.deliveries,
      },
    }),
  };
}

/** What a change makes of a flag set, and of the mailbox's counts for each message that has it. */
interface FlagEffect {
  readonly next: number;
  readonly unseen: number;
  readonly deleted: number;
}

function setFlags(state: MailboxState, record: LogRecord): Partial<MailboxState> {
  const { newKeywords, clear, set, uids } = kinds.readFlags(record.body);
  const { flagSets } = state;
  const [cleared, added] = [~kinds.maskBits(clear), flagBits(set)];
  const effects = new Map<number, FlagEffect>();
  const effectOf = (index: number): FlagEffect => {
    let effect = effects.get(index);
    if (effect === undefined) {
      const next = flagSets.indexOf((flagSets.bitsAt(index) & cleared) | added);
      const [was, is] = [flagSets.systemAt(index), flagSets.systemAt(next)];
      const [unseen, deleted] = [(was & SEEN) - (is & SEEN), ((is & DELETED) - (was & DELETED)) / DELETED];
      effects.set(index, (effect = { next, unseen, deleted }));
    }
    return effect;
  };
  let { unseen, deleted } = state;
  const blocks = mapBlocks(state, uids, (block) => {
    const [flags, seqs] = [block.flags.slice(), block.seqs.slice()];
    for (const { from, end } of rowRuns(block, uids)) {
      const effect = effectOf(flags[from] as number);
      unseen += effect.unseen * (end - from);
      deleted += effect.deleted * (end - from);
      flags.fill(effect.next, from, end);
      seqs.fill(record.seq, from, end);
    }
    return { ...block, flags, seqs };
  });
  const keywords = newKeywords.length === 0 ? state.keywords : [...state.keywords, ...newKeywords];
  return { blocks, unseen, deleted, keywords };
}

function annotate(state: MailboxState, record: LogRecord): Partial<MailboxState> {
  const groups = readAnnotate(record.body);
  const touched = UidSet.union(groups.map(({ uids }) => uids));
  const there = new Set<number>();
  const blocks = mapBlocks(state, touched, (block) => {
    const seqs = block.seqs.slice();
    for (const [row, uid] of block.uids.entries()) {
      if (!touched.has(uid)) continue;
      there.add(uid);
      seqs[row] = record.seq;
    }
    return { ...block, seqs };
  });
  return { blocks, ...withAnnotations(state, { seq: record.seq, groups }, (uid) => there.has(uid)) };
}

function expunge(state: MailboxState, record: LogRecord): Partial<MailboxState> {
  const { uids, sizeBytes, intent } = kinds.readExpunge(record.body);
  let { exists, unseen, deleted } = state;
  const rows = new Map<number, ColdRow>();
  const covered = state.snapshot?.counts.uidNext ?? 1;
  const blocks = mapBlocks(state, uids, (block) => {
    for (let row = 0; row < block.uids.length; row++) {
      const uid = block.uids[row] as number;
      if (!uids.has(uid)) continue;
      const system = state.flagSets.systemAt(block.flags[row] as number);
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
    bytes: state.bytes - sizeBytes,
    expunged: { item: entry, older: state.expunged },
    ...withoutAnnotations(state, uids),
    ...(intent && { intents: without(state.intents, intent.toString('hex')) }),
  };
}

/** The blocks, those that hold any of the UIDs replaced by what `change` makes of them. */
function mapBlocks(state: MailboxState, uids: UidSet, change: (block: Block) => Block | undefined): readonly Block[] {
  const blocks: Block[] = [];
  for (const block of state.blocks) {
    const next = uids.intersects(firstUid(block), lastUid(block)) ? change(block) : block;
    if (next !== undefined) blocks.push(next);
  }
  return blocks;
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  const next = new Map(map);
  next.delete(key);
  return next;
}
