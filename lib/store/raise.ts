import { type Id, idIsShared } from '../base/ids.ts';
import { appendTo, type MessageToAppend } from './append.ts';
import { StoreError } from './errors.ts';
import { DELETED, SEEN } from './flag-sets.ts';
import type { Head } from './head.ts';
import type { LogContext } from './log.ts';
import { withoutAnnotations } from './mailbox-annotations.ts';
import { type Block, withoutRows } from './mailbox-block.ts';
import { MailboxView } from './mailbox-view.ts';
import { NONCE_BYTES } from './record.ts';
import { rowsOf } from './sweep-rows.ts';
import { UidSet } from './uid-set.ts';

/** By so much every number is raised that a client may have seen of what was lost (Rule 21). */
export const RAISE = 2 ** 20;

/** Messages whose objects are gone: purged after the moment to which the index goes back. */
export interface Lost {
  /** That exist, with the sum of their sizes. */
  readonly uids: UidSet;
  readonly sizeBytes: number;
  /** Expunged ones. */
  readonly expunged: UidSet;
}

/**
 * The view as of a mailbox that went back in time (Rule 21): `uidNext` and seq are beyond what any client has seen, all
 * messages have changed at the new seq, because a client may know a later state of any, and what was expunged is
 * answered by the superset of Rule 17. Intents of MOVEs are dropped: their messages are at the source still.
 */
export function raisedView({ state }: MailboxView, lost: Lost): MailboxView {
  const seq = state.seq + RAISE;
  const blocks: Block[] = [];
  let [exists, unseen, deleted] = [0, 0, 0];
  for (const block of state.blocks) {
    const kept = lost.uids.isEmpty ? block : withoutRows(block, lost.uids);
    if (kept === undefined) continue;
    exists += kept.uids.length;
    for (const index of kept.flags) {
      const system = state.flagSets.systemAt(index);
      if ((system & SEEN) === 0) unseen++;
      if ((system & DELETED) !== 0) deleted++;
    }
    blocks.push({ ...kept, seqs: new Float64Array(kept.uids.length).fill(seq) });
  }
  return new MailboxView({
    ...state,
    seq,
    uidNext: state.uidNext + RAISE,
    blocks,
    exists,
    unseen,
    deleted,
    bytes: state.bytes - lost.sizeBytes,
    ...withoutAnnotations(state, lost.uids),
    expungedKnownSince: seq,
    purged: state.purged.union(lost.expunged),
    intents: new Map(),
    // A piece of which nothing is left looks as if nothing had changed.
    snapshot: lost.uids.isEmpty
      ? state.snapshot
      : state.snapshot && { ...state.snapshot, hot: [], annotationSizes: undefined },
  });
}

const AT_ONCE = 1000;

/** The view with the messages appended, as records of its log would; those for whose keywords there is no room without. */
export function withAppended(view: MailboxView, messages: readonly MessageToAppend[], nowMs: number): MailboxView {
  let next = view;
  for (let at = 0; at < messages.length; at += AT_ONCE) {
    const { record } = draft(next, messages.slice(at, at + AT_ONCE));
    next = next.apply({ ...record, seq: next.seq + 1, timeMs: nowMs, nonce: Buffer.alloc(NONCE_BYTES) });
  }
  return next;
}

function draft(view: MailboxView, messages: readonly MessageToAppend[]): ReturnType<typeof appendTo> {
  try {
    return appendTo(view, messages, false);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'too-many') throw error;
    const plain = messages.map((message) => ({ ...message, flags: { ...message.flags, keywords: [] } }));
    return appendTo(view, plain, false);
  }
}

/** Messages of the view whose objects are gone. */
export async function lostOf(
  context: LogContext,
  view: MailboxView,
  own: { has(id: Id): boolean },
  shared: { has(id: Id): boolean },
): Promise<Lost> {
  const [uids, expunged]: [number[], number[]] = [[], []];
  let bytes = 0;
  for await (const rows of rowsOf(context, view)) {
    for (const { uid, blob, sizeBytes, expungedMs } of rows) {
      if ((idIsShared(blob) ? shared : own).has(blob)) continue;
      if (expungedMs !== undefined) expunged.push(uid);
      else {
        uids.push(uid);
        bytes += sizeBytes;
      }
    }
  }
  return { uids: UidSet.of(...uids), sizeBytes: bytes, expunged: UidSet.of(...expunged) };
}

/** What a head says when its whole log is in one snapshot. */
export function headOnSnapshot(
  view: { readonly seq: number; headExtra(): Buffer },
  ref: { readonly id: NonNullable<Head['snapId']>; readonly isObject: boolean },
): Pick<Head, 'seq' | 'snapId' | 'snapSeq' | 'snapIsObject' | 'flushedSeq' | 'behindBytes' | 'extra' | 'tail'> {
  return {
    seq: view.seq,
    snapId: ref.id,
    snapSeq: view.seq,
    snapIsObject: ref.isObject,
    flushedSeq: view.seq,
    behindBytes: 0,
    extra: view.headExtra(),
    tail: [],
  };
}
